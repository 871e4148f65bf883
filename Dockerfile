# One file for all images:
#   docker build --build-arg SERVICE=ticket-svc --tag deskstream/ticket-svc:dev .
#   docker build --target mailbox --tag deskstream/mailbox:dev .        (the mail catcher of trials; it also makes Compose's keys)
# SERVICE is a folder of services/. All images share every layer but the last, small one.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS packages
# Without pip in it: what runs needs no installer.
RUN python -m venv --without-pip /opt/venv
COPY requirements/services.lock /build/
# authres is published as source alone.
RUN python -m pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
      --only-binary :all: --no-binary authres --require-hashes --requirement /build/services.lock
# What C extensions were compiled from serves nobody at run time; one package alone brings 50 MB of it.
RUN find /opt/venv -type f '(' -name '*.c' -o -name '*.cpp' -o -name '*.h' -o -name '*.pyx' ')' -delete
COPY deploy/image/sbom.py /build/
RUN /opt/venv/bin/python /build/sbom.py /build/services.lock > /build/sbom.cdx.json

FROM ${PYTHON_IMAGE} AS runtime
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin deskstream \
 && install --directory --owner 10001 --group 10001 /var/lib/deskstream
COPY --from=packages /opt/venv /opt/venv
COPY --from=packages /build/services.lock /build/sbom.cdx.json /usr/share/doc/deskstream/
COPY libs/contracts/src /app/libs/contracts/src
COPY libs/chassis/src /app/libs/chassis/src
COPY deploy/image/deskstream_service.py deploy/image/deskstream_health.py /app/image/
# The root file system may be read-only, so everything is compiled here; /tmp and /var/lib/deskstream are all that is ever written to.
RUN python -m compileall -q --invalidation-mode unchecked-hash /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
LABEL org.opencontainers.image.vendor="Deskstream" \
      io.deskstream.sbom="/usr/share/doc/deskstream/sbom.cdx.json" \
      io.deskstream.lock="/usr/share/doc/deskstream/services.lock"

FROM runtime AS mailbox
COPY tools/desk/src /app/tools/desk/src
RUN python -m compileall -q --invalidation-mode unchecked-hash /app/tools
ENV PYTHONPATH=/app/tools/desk/src:/app/libs/contracts/src \
    DESKSTREAM_SERVICE=mailbox \
    MAILBOX_HOST=0.0.0.0 \
    MAILBOX_SMTP_PORT=2525 \
    MAILBOX_HTTP_PORT=8080 \
    MAILBOX_FILE=/var/lib/deskstream/mails
LABEL org.opencontainers.image.title="deskstream-mailbox" \
      org.opencontainers.image.description="Catches the mails that a Deskstream for trials sends"
USER 10001:10001
EXPOSE 8080 2525
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s --retries=3 \
  CMD ["python", "-I", "-S", "/app/image/deskstream_health.py"]
ENTRYPOINT ["python", "-m", "desk.mailbox"]

FROM runtime AS service
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
# The layout of the repository: a service finds its migrations beside its own source.
COPY services/${SERVICE:?--build-arg_SERVICE_is_missing}/src /app/services/${SERVICE}/src
COPY services/${SERVICE}/migrations /app/services/${SERVICE}/migrations
RUN python -m compileall -q --invalidation-mode unchecked-hash /app/services
ENV PYTHONPATH=/app/image:/app/libs/contracts/src:/app/libs/chassis/src:/app/services/${SERVICE}/src \
    DESKSTREAM_SERVICE=${SERVICE}
LABEL org.opencontainers.image.title="deskstream-${SERVICE}" \
      org.opencontainers.image.description="${SERVICE} of Deskstream, an event-driven help desk" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=180s --start-interval=1s --retries=3 \
  CMD ["python", "-I", "-S", "/app/image/deskstream_health.py"]
# Followed by a role: api, worker, all or migrate.
ENTRYPOINT ["python", "-m", "deskstream_service"]
CMD ["all"]
