# One image for all components; docker-compose.yml says which one a container runs.
# It holds what `npm run build` made and nothing else, so that building it needs no network:
#   npm run build && docker build -t coracle .
# Another base image needs node 20 or later in the PATH, a shell, mkdir and chown.
ARG BASE_IMAGE=node:20-slim
FROM ${BASE_IMAGE}

# The bundles, and LevelDB's native binding in prebuilds/.
COPY dist/ /opt/coracle/
# Volumes that are mounted here take over the owner.
RUN mkdir -p /var/lib/coracle/cluster /var/lib/coracle/store && chown -R 1000:1000 /var/lib/coracle

WORKDIR /var/lib/coracle
USER 1000:1000
ENTRYPOINT ["node"]
CMD ["/opt/coracle/coracle.mjs", "--help"]
