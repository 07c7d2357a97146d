# One image for the API, the workers and the migration; compose.yaml says which.
# deploy/build_image.sh builds it on Debian without Docker or a registry.
ARG BASE=python:3.13.5-slim-bookworm
FROM ${BASE}

COPY pyproject.toml setup.py constraints.txt README.md LICENSE /src/
COPY dossier /src/dossier
COPY dossier_server /src/dossier_server
COPY app /src/app
COPY migrations /src/migrations
RUN PIP_CONSTRAINT=/src/constraints.txt python -m pip install --no-cache-dir --disable-pip-version-check '/src[server,tracing]' \
    && rm -rf /src \
    && useradd --create-home dossier

USER dossier
WORKDIR /home/dossier
ENV PYTHONUNBUFFERED=1
EXPOSE 8000
CMD ["dossier", "serve"]
