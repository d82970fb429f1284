/**
 * A table from instant queries: joined by a field, cut to the columns that are shown, ordered and
 * renamed. Each step must know the names that the step before leaves.
 */
import {
  TableCellDisplayMode,
  TableCellHeight,
  type DataTransformerConfig,
  type TableFieldOptions,
  type TableOptions,
  type ValueMapping,
} from "@grafana/schema";
import { pluginVersion } from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import { max, type Expression } from "../promql/expression.ts";
import { BY_THRESHOLD } from "./colours.ts";
import { panel, type About, type Override, type Unplaced } from "./panel.ts";
import { refIdOf, rowsNow } from "./query.ts";
import { UNIT, type Unit } from "./units.ts";

interface Link {
  readonly title: string;
  readonly url: string;
}

export interface Column {
  readonly header: string;
  readonly unit?: Unit;
  readonly decimals?: number;
  readonly width?: number;
  readonly link?: Link;
  readonly mappings?: readonly ValueMapping[];
  /** The cell takes the colour of its value's word. */
  readonly isColoured?: boolean;
}
/** A column that is a label of the first query. */
export interface LabelColumn extends Column {
  readonly label: string;
}
/** A column that is the value of a query of its own. */
export interface ValueColumn extends Column {
  readonly value: Expression;
}

export interface Table extends Omit<About, "queries" | "unit"> {
  /** The label that is the same in a row of all queries. */
  readonly joinedBy: string;
  readonly labels: readonly LabelColumn[];
  readonly values: readonly ValueColumn[];
  readonly sortedBy: { readonly header: string; readonly descending: boolean };
}

/** Labels are those of the first value's query; of the others only `joinedBy` is left, for a name that two tables have would be numbered. */
export function table(about: Table): Unplaced {
  const { labels, values, sortedBy, joinedBy } = about;
  const queries = values.map(({ value }, i) => rowsNow(i === 0 ? value : max(value, [joinedBy])));
  const columns = new Map<string, Column>([
    ...labels.map((column): [string, Column] => [column.label, column]),
    ...values.map((column, i): [string, Column] => [values.length === 1 ? "Value" : `Value #${refIdOf(i)}`, column]),
  ]);
  const base = panel(
    { ...about, unit: UNIT.number, queries, overrides: [...columns.values()].flatMap(overrideOf) },
    { type: "table", pluginVersion, options: { ...options(sortedBy) }, color: BY_THRESHOLD, custom: { ...FIELD } },
  );
  return { ...base, transformations: transformations(joinedBy, columns, values.length) };
}

function transformations(joinedBy: string, columns: ReadonlyMap<string, Column>, tables: number): DataTransformerConfig[] {
  const names = [...columns.keys()];
  const join = { id: "joinByField", options: { byField: joinedBy, mode: "outer" } };
  return [
    ...(tables === 1 ? [] : [join]),
    { id: "filterFieldsByName", options: { include: { names } } },
    {
      id: "organize",
      options: {
        excludeByName: {},
        indexByName: Object.fromEntries(names.map((name, i) => [name, i])),
        renameByName: Object.fromEntries([...columns].map(([name, { header }]) => [name, header])),
      },
    },
  ];
}

/** Matches the header, for it is applied after the renaming. */
function overrideOf(column: Column): Override[] {
  const properties = [
    ...(column.unit === undefined ? [] : [{ id: "unit", value: column.unit }]),
    ...(column.decimals === undefined ? [] : [{ id: "decimals", value: column.decimals }]),
    ...(column.width === undefined ? [] : [{ id: "custom.width", value: column.width }]),
    ...(column.link === undefined ? [] : [{ id: "links", value: [column.link] }]),
    ...(column.mappings === undefined ? [] : [{ id: "mappings", value: column.mappings }]),
    ...(column.isColoured === true ? [{ id: "custom.cellOptions", value: { type: TableCellDisplayMode.ColorText } }] : []),
  ];
  return properties.length === 0 ? [] : [{ matcher: { id: "byName", options: column.header }, properties }];
}

const options = ({ header, descending }: Table["sortedBy"]): TableOptions => ({
  cellHeight: TableCellHeight.Sm,
  enablePagination: true,
  frameIndex: 0,
  showHeader: true,
  sortBy: [{ desc: descending, displayName: header }],
});

const FIELD: TableFieldOptions = { align: "auto", cellOptions: { type: TableCellDisplayMode.Auto }, filterable: true, inspect: false };
