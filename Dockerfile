# One image for every part; compose.yaml says which part a container plays.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock

COPY . .
RUN DEBUG=true python manage.py collectstatic --noinput \
    && useradd --system --create-home paperround \
    && mkdir -p /app/var && chown paperround /app/var
USER paperround
VOLUME /app/var
EXPOSE 8000

CMD ["python", "manage.py", "run", "--bind", "0.0.0.0:8000"]
