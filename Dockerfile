# A server of a log in /goethe-data; docs/operating.md tells how to run it.

FROM node:24-bookworm-slim AS build
WORKDIR /build

# What an install depends on, so that it is done again only when that changes.
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml ./
COPY scripts/command scripts/command
COPY packages/core/package.json packages/core/
COPY packages/cluster/package.json packages/cluster/
COPY packages/protocol/package.json packages/protocol/
COPY packages/server/package.json packages/server/
COPY packages/client/package.json packages/client/
COPY packages/cli/package.json packages/cli/
RUN npm install --global "$(node -p "require('./package.json').packageManager")" \
  && pnpm install --frozen-lockfile --filter goethe --filter '@goethe/cli...'

COPY tsconfig.base.json ./
COPY scripts/class-names.mjs scripts/
COPY packages packages
RUN for name in core cluster protocol server client cli; do \
      (cd packages/$name && ../../node_modules/.bin/tsup --no-dts) || exit 1; \
    done

# Without what only the build needs.
RUN rm -rf node_modules packages/*/node_modules \
  && pnpm install --frozen-lockfile --prod --filter '@goethe/cli...' \
  && rm -rf packages/*/src packages/*/dist/*.map

FROM node:24-bookworm-slim
COPY LICENSE /opt/goethe/
COPY scripts/health-check.mjs /opt/goethe/scripts/
COPY --from=build /build/node_modules /opt/goethe/node_modules
COPY --from=build /build/packages /opt/goethe/packages
RUN ln -s /opt/goethe/packages/cli/dist/main.js /usr/local/bin/goethe \
  && chmod +x /opt/goethe/packages/cli/dist/main.js \
  && install -d -o node -g node /goethe-data

# To be reached from outside of the container. Without TLS and a way to know its callers the server
# refuses that, unless GOETHE_INSECURE=true says that something else sees to it.
ENV NODE_ENV=production GOETHE_GRPC_HOST=0.0.0.0 GOETHE_HTTP_HOST=0.0.0.0
WORKDIR /
VOLUME /goethe-data
USER node
EXPOSE 1337 1338
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "/opt/goethe/scripts/health-check.mjs"]
ENTRYPOINT ["goethe"]
CMD ["serve"]
