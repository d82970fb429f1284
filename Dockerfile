# The current LTS of Node, on Debian's stable slim image.
ARG NODE_TAG=24-bookworm-slim

FROM node:${NODE_TAG} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build
# Readable for everyone, whatever the umask of the checkout was.
COPY config/fleet ./config
COPY config/stack ./stack
COPY dashboards/json ./dashboards
RUN chmod -R a+rX config dist stack dashboards

FROM node:${NODE_TAG} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Types, source maps and prose of packages are of no use at run time.
RUN npm ci --omit=dev --no-audit --no-fund \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -iname '*.md' \) ! -iname 'license*' -delete

FROM node:${NODE_TAG}
LABEL org.opencontainers.image.title="fastpathd" \
  org.opencontainers.image.description="Emulates a fleet of KVM hosts and exports their VM-exit metrics" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY --from=build /app/config /etc/fastpathd
# What `fastpathd dashboards` hands out.
COPY --from=build /app/dashboards ./dashboards/json
COPY --from=build /app/stack ./config/stack
# Not a VOLUME: where the root is read-only, overrides last until the restart, or mount one here.
RUN install -d -o node -g node /var/lib/fastpathd
# The user `node`, by number: Kubernetes' runAsNonRoot cannot judge a name.
USER 1000:1000
EXPOSE 9464
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/-/healthy').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve", "--config", "/etc/fastpathd", "--state", "/var/lib/fastpathd", "--listen", "0.0.0.0:9464"]
