// Rows for people: metav1.Table cells from a kind's printer columns.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay {

// Table.columnDefinitions: Name first, then the kind's own.
Json TableColumns(const Kind& kind);
// Table.rows[].cells for one object; dates become ages at `now`. Missing or of another type: null.
Json TableCells(const Kind& kind, const Json& object, WallTime now);

}  // namespace patchbay
