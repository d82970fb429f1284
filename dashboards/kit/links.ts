/** Links from a cell to another dashboard, with the time range and the data source kept. */
import { UID } from "../uids.ts";

const KEPT = "${__url_time_range}&${datasource:queryparam}&${job:queryparam}";

export const TO_HOST = { title: "Open this host", url: `/d/${UID.host}?var-host=\${__value.raw}&${KEPT}` };
