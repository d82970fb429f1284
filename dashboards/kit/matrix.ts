/** A table with one label down, another across, and a word in each cell. */
import {
  TableCellBackgroundDisplayMode,
  TableCellDisplayMode,
  TableCellHeight,
  type TableFieldOptions,
  type TableOptions,
} from "@grafana/schema";
import { pluginVersion } from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type { Expression } from "../promql/expression.ts";
import { BY_THRESHOLD } from "./colours.ts";
import { panel, type About, type Unplaced } from "./panel.ts";
import { rowsNow } from "./query.ts";

export interface Matrix extends Omit<About, "queries"> {
  readonly rows: string;
  readonly columns: string;
  /** Keeps the labels of rows and columns and no other. */
  readonly value: Expression;
}

export function matrix(about: Matrix): Unplaced {
  const { rows, columns, value } = about;
  const base = panel(
    { ...about, queries: [rowsNow(value)] },
    { type: "table", pluginVersion, options: { ...OPTIONS }, color: BY_THRESHOLD, custom: { ...FIELD } },
  );
  const options = { columnField: columns, rowField: rows, valueField: "Value", emptyValue: "null" };
  return { ...base, transformations: [{ id: "groupingToMatrix", options }] };
}

const OPTIONS: TableOptions = { cellHeight: TableCellHeight.Sm, frameIndex: 0, showHeader: true };
const FIELD: TableFieldOptions = {
  align: "center",
  cellOptions: { type: TableCellDisplayMode.ColorBackground, mode: TableCellBackgroundDisplayMode.Basic },
  inspect: false,
  wrapHeaderText: true,
};
