# The heavy parts of the image: any of charts, embedded, parquet, tracing, words (docs/howto/deployment.md, Extras).
ARG EXTRAS="charts words"

# Stage 1: the dependencies, as wheels whose hashes the locks name; nothing is compiled. The installer itself stays behind.
FROM python:3.11-slim-bookworm AS dependencies
ARG EXTRAS
COPY requirements.lock /tmp/requirements/core.lock
COPY requirements /tmp/requirements
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes \
       $(for part in core $EXTRAS; do echo "--requirement /tmp/requirements/$part.lock"; done) \
    && /opt/venv/bin/pip uninstall --quiet --yes pip setuptools

# Stage 2: the same Python, those dependencies, the code. No compiler, no root.
FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="tallylight" org.opencontainers.image.licenses="Apache-2.0"
# Of group 0, as platforms expect that run an image as any user of that group.
RUN groupadd --gid 10001 tallylight \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin tallylight \
    && install --directory --owner=tallylight --group=0 --mode=0770 /data
COPY --from=dependencies /opt/venv /opt/venv
WORKDIR /srv/tallylight
COPY app app
COPY migrations migrations
COPY docs docs
# The root is read-only where it runs: without compiled modules each start would compile them again.
RUN /opt/venv/bin/python -m compileall -q app migrations
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TALLYLIGHT_DATA_DIR=/data \
    TALLYLIGHT_HOST=0.0.0.0 \
    TALLYLIGHT_PORT=8080 \
    TALLYLIGHT_LOG_FORMAT=json
USER 10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['TALLYLIGHT_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
