# Stage 1: the dependencies, as wheels whose hashes the lock names; nothing is compiled.
FROM python:3.11-slim AS dependencies
COPY requirements.lock /tmp/requirements.lock
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
       --require-hashes --requirement /tmp/requirements.lock

# Stage 2: the same Python, those dependencies, the code. No compiler, no root.
FROM python:3.11-slim
LABEL org.opencontainers.image.title="tallylight" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 tallylight \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin tallylight \
    && install --directory --owner=tallylight --group=tallylight --mode=0700 /data
COPY --from=dependencies /opt/venv /opt/venv
WORKDIR /srv/tallylight
COPY app app
COPY migrations migrations
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TALLYLIGHT_DATA_DIR=/data \
    TALLYLIGHT_HOST=0.0.0.0 \
    TALLYLIGHT_PORT=8080 \
    TALLYLIGHT_LOG_FORMAT=json
USER tallylight
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['TALLYLIGHT_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
