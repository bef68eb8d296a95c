"""What the operator manages of the papers' side."""

from papers.topic_admin import TopicAdmin

__all__ = ["TopicAdmin"]
