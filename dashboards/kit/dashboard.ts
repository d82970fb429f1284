/** A dashboard from rows of panels: places, numbers, and what all dashboards have alike. */
import {
  DashboardCursorSync,
  defaultDashboard,
  type AnnotationQuery,
  type Dashboard,
  type DashboardLink,
  type Panel,
  type RowPanel,
  type VariableModel,
} from "@grafana/schema";
import type { Unplaced } from "./panel.ts";
import type { Uid } from "../uids.ts";

/** All dashboards have it, and the links at the top find them by it. */
const TAG = "fastpathd";
const GRID_WIDTH = 24;

export interface Sized {
  readonly width: number;
  readonly height: number;
  readonly panel: Unplaced;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Sized[];
}

export interface About {
  readonly uid: Uid;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly VariableModel[];
  readonly changes: AnnotationQuery;
  readonly rows: readonly Row[];
  /** How far back it looks at first. */
  readonly from?: string;
}

export function dashboard({ uid, title, description, variables, changes, rows, from = "now-30m" }: About): Dashboard {
  return {
    annotations: { list: [changes] },
    description,
    editable: false,
    graphTooltip: DashboardCursorSync.Crosshair,
    links: [LINK],
    panels: place(rows),
    refresh: "15s",
    schemaVersion: defaultDashboard.schemaVersion,
    tags: [TAG],
    templating: { list: [...variables] },
    time: { from, to: "now" },
    timezone: "browser",
    title,
    uid,
    version: 1,
  };
}

const LINK: DashboardLink = {
  asDropdown: false,
  icon: "external link",
  includeVars: true,
  keepTime: true,
  tags: [TAG],
  targetBlank: false,
  title: "fastpathd",
  tooltip: "Same time, same variables",
  type: "dashboards",
};

/** Equal panels of a row, side by side. */
export const sized = (width: number, height: number, ...panels: readonly Unplaced[]): Sized[] =>
  panels.map((panel) => ({ width, height, panel }));

/** Fills each row from left to right, and begins a new line where the next panel does not fit. */
function place(rows: readonly Row[]): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let top = 0;
  for (const { title, panels } of rows) {
    placed.push({
      collapsed: false,
      gridPos: { h: 1, w: GRID_WIDTH, x: 0, y: top },
      id: placed.length + 1,
      panels: [],
      title,
      type: "row",
    });
    let [x, y, bottom] = [0, top + 1, top + 1];
    for (const { width, height, panel } of panels) {
      if (x + width > GRID_WIDTH) [x, y] = [0, bottom];
      placed.push({ ...panel, gridPos: { h: height, w: width, x, y }, id: placed.length + 1 });
      x += width;
      bottom = Math.max(bottom, y + height);
    }
    top = bottom;
  }
  return placed;
}
