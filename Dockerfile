# One image for the API, the workers and the migration; compose.yaml says which.
FROM python:3.13-slim

COPY pyproject.toml setup.py constraints.txt README.md LICENSE /src/
COPY dossier /src/dossier
COPY dossier_server /src/dossier_server
COPY app /src/app
COPY migrations /src/migrations
RUN python -m pip install --no-cache-dir --disable-pip-version-check --constraint /src/constraints.txt '/src[server,tracing]' \
    && rm -rf /src \
    && useradd --create-home dossier

USER dossier
WORKDIR /home/dossier
ENV PYTHONUNBUFFERED=1
EXPOSE 8000
CMD ["dossier", "serve"]
