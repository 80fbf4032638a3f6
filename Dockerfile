# Production image: no development packages, no root, one process per container.
FROM python:3.11.15-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1

RUN useradd --create-home --uid 10001 magikswipe \
    && install --directory --owner=magikswipe /app /data

WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN pip install --disable-pip-version-check -r requirements.txt

COPY manage.py gunicorn.conf.py LICENSE-notices ./
COPY magikswipe magikswipe
COPY studio studio
COPY api api
COPY universes universes
COPY generation generation
COPY syncer syncer
COPY jobs jobs
COPY storage storage
COPY locale locale
COPY --chmod=755 docker-entrypoint.sh /usr/local/bin/docker-entrypoint

USER magikswipe
ENV STORAGE_PATH=/data
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-m", "magikswipe.healthcheck"]

ENTRYPOINT ["docker-entrypoint"]
CMD ["gunicorn", "magikswipe.wsgi", "--bind", "0.0.0.0:8000"]
