# One image for all services: programs that were built before (scripts/images, which also stages the context), no root.
# The base brings glibc, libgcc and the public root certificates; a shell is not needed.
ARG BASE=gcr.io/distroless/cc-debian12:nonroot
FROM ${BASE}
COPY --chown=0:0 lib/ /usr/lib/
COPY --chown=0:0 bin/ /usr/local/bin/
# Folders that volumes are mounted on: a fresh volume takes over their owner.
COPY --chown=65532:65532 data/ /var/lib/datawarden/
USER 65532:65532
WORKDIR /var/lib/datawarden
ENV PATH=/usr/local/bin:/usr/bin:/bin
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/datawarden"]
