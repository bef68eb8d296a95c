"""Pure functions that decide which papers a reader gets, and why."""
