/** The files of config/stack against each other: the stack itself does not run in the tests. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { DASHBOARDS } from "../../dashboards/dashboards.ts";
import { parseDockerfile } from "../support/dockerfile.ts";

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly volumes: readonly string[];
  readonly ports: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

interface PrometheusConfig {
  readonly global: { readonly scrape_interval: string; readonly evaluation_interval: string };
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly {
    readonly params?: Readonly<Record<string, readonly string[]>>;
    readonly http_sd_configs?: readonly { readonly url: string }[];
    readonly static_configs?: readonly { readonly targets: readonly string[] }[];
  }[];
}

interface DataSource {
  readonly url: string;
  readonly jsonData: { readonly timeInterval: string };
}

interface Provider {
  readonly options: { readonly path: string };
}

const DIR = "config/stack";
const read = (path: string): unknown => parse(readFileSync(join(DIR, path), "utf8"));
const { services, volumes } = read("compose.yaml") as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const prometheus = read("prometheus/prometheus.yaml") as PrometheusConfig;
const datasource = (read("grafana/provisioning/datasources/prometheus.yaml") as { datasources: readonly DataSource[] }).datasources[0]!;
const provider = (read("grafana/provisioning/dashboards/fastpathd.yaml") as { providers: readonly Provider[] }).providers[0]!;

const service = (name: string): Service => services[name]!;
const all = Object.entries(services);

/** Mounts of a directory of the host: where it is in the checkout, and where in the container. */
const bindsOf = ({ volumes: mounts }: Service) =>
  mounts
    .map((mount) => mount.split(":"))
    .filter(([from]) => from?.startsWith("."))
    .map(([from = "", to = "", mode]) => ({ from: normalize(join(DIR, from)), to, mode }));

/** The file of the checkout that a path of the container is. */
function behind(name: string, path: string): string | undefined {
  const bind = bindsOf(service(name)).find(({ to }) => path === to || path.startsWith(`${to}/`));
  return bind === undefined ? undefined : join(bind.from, path.slice(bind.to.length));
}

/** The port that a service listens on inside, from the right side of its published port. */
const portOf = (name: string): string | undefined => service(name).ports[0]?.split(":").at(-1);

describe("every service of the stack", () => {
  it.each(all)("has a fixed version, a health check, and is open to this machine only: %s", (_name, { image, healthcheck, ports }) => {
    expect(image).toMatch(/:v?\d+\.\d+\.\d+$/);
    expect(healthcheck?.test[0]).toBe("CMD");
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });

  it.each(all)("asks for its health on the port that it publishes: %s", (name, { healthcheck }) => {
    expect(/http:\/\/127\.0\.0\.1:(\d+)\//.exec(healthcheck?.test.join(" ") ?? "")?.[1]).toBe(portOf(name));
  });

  it.each(all)("mounts what is there, read-only, and named volumes that are declared: %s", (_name, one) => {
    for (const { from, mode } of bindsOf(one)) expect([from, existsSync(from), mode]).toEqual([from, true, "ro"]);
    const named = one.volumes.map((mount) => mount.split(":")[0]!).filter((from) => !from.startsWith("."));
    expect(Object.keys(volumes)).toEqual(expect.arrayContaining(named));
  });

  it.each(all)("waits for services that are there until they are healthy: %s", (_name, { depends_on: waits = {} }) => {
    for (const [other, { condition }] of Object.entries(waits)) expect([other in services, condition]).toEqual([true, "service_healthy"]);
  });
});

describe("the daemon of the stack", () => {
  const image = parseDockerfile(readFileSync("Dockerfile", "utf8")).at(-1)!;
  const command = image.instructions.find(({ keyword }) => keyword === "CMD")?.args ?? "";

  it("is built from this checkout, under the package's version", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(existsSync(join(DIR, service("fastpathd").build!.context, "Dockerfile"))).toBe(true);
    expect(service("fastpathd").image).toBe(`fastpathd:${version}`);
  });

  it("finds configuration and state where its command says, and listens where it publishes", () => {
    const targets = service("fastpathd").volumes.map((mount) => mount.split(":")[1]!);
    for (const target of targets) expect(command).toContain(`"${target}"`);
    expect(targets).toHaveLength(2);
    expect(command).toContain(`0.0.0.0:${portOf("fastpathd")}`);
  });
});

describe("the Prometheus of the stack", () => {
  it("reads a configuration that is mounted, and rule files that exist", () => {
    const option = service("prometheus").command?.find((one) => one.startsWith("--config.file="));
    const file = behind("prometheus", option!.replace("--config.file=", ""))!;
    expect(existsSync(file)).toBe(true);
    expect(prometheus.rule_files).toEqual(["rules/*.yaml"]);
    const rules = readdirSync(join(dirname(file), "rules"));
    expect(rules.length).toBeGreaterThan(1);
    expect(rules.filter((name) => !name.endsWith(".yaml"))).toEqual([]);
  });

  it("keeps its data on the volume that is mounted there", () => {
    const path = service("prometheus")
      .command?.find((one) => one.startsWith("--storage.tsdb.path="))
      ?.split("=")[1];
    expect(service("prometheus").volumes).toContain(`prometheus-data:${path}`);
  });

  it("scrapes the hosts by discovery and the daemon without them, both at the daemon's address", () => {
    const [hosts, daemon] = prometheus.scrape_configs;
    const address = `fastpathd:${portOf("fastpathd")}`;
    expect(hosts?.http_sd_configs?.map(({ url }) => url)).toEqual([`http://${address}/sd`]);
    expect(daemon?.static_configs?.flatMap(({ targets }) => targets)).toEqual([address]);
    expect(daemon?.params).toEqual({ "collect[]": ["daemon"] });
    expect(prometheus.scrape_configs).toHaveLength(2);
  });
});

describe("the Grafana of the stack", () => {
  it("has the Prometheus of the stack as its default source, at the interval of the scrapes", () => {
    expect(datasource).toMatchObject({ type: "prometheus", isDefault: true, url: `http://prometheus:${portOf("prometheus")}` });
    expect(datasource.jsonData.timeInterval).toBe(prometheus.global.scrape_interval);
    expect(prometheus.global.evaluation_interval).toBe(prometheus.global.scrape_interval);
    const steps = DASHBOARDS.flatMap((build) => build().annotations?.list?.map((one) => (one as unknown as { step: string }).step));
    expect(new Set(steps)).toEqual(new Set([prometheus.global.scrape_interval]));
  });

  it("is provisioned from the folder that Grafana reads", () => {
    expect(behind("grafana", "/etc/grafana/provisioning/datasources/prometheus.yaml")).toBe(
      join(DIR, "grafana/provisioning/datasources/prometheus.yaml"),
    );
  });

  it("shows the committed dashboards, one of them as home", () => {
    expect(behind("grafana", provider.options.path)).toBe("dashboards/json");
    const home = service("grafana").environment?.["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"];
    expect(existsSync(behind("grafana", home!)!)).toBe(true);
  });

  it("lets everybody look and nobody edit", () => {
    expect(service("grafana").environment).toMatchObject({
      GF_AUTH_ANONYMOUS_ENABLED: "true",
      GF_AUTH_ANONYMOUS_ORG_ROLE: "Viewer",
      GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true",
    });
  });
});
