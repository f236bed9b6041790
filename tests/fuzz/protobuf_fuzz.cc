#include "api/protobuf.h"
#include "fuzz.h"
#include "targets.h"

namespace patchbay::fuzz {

void FuzzProtobuf(std::string_view input) {
  DemandLinear(input, input, [](std::string_view text) { (void)api::DecodeProtobuf(text); });
  const auto object = api::DecodeProtobuf(input);
  if (!object.ok()) {
    const int status = object.error().status;
    Demand(status == 400 || status == 413 || status == 415, "refused with ", status);
    Demand(!object.error().message.empty(), "refused without a word");
    return;
  }
  Demand(object->is_object() && !FindString(*object, {"kind"}).empty(), "an object without a kind: ", DumpJson(*object));
  // What is read so passes the limits and rules of the same in JSON.
  const auto again = ParseJson(DumpJson(*object));
  Demand(again.ok(), "as JSON it would be refused: ", again.ok() ? "" : again.error().message);
  if (again.ok()) Demand(*again == *object, "as JSON it is another: ", DumpJson(*object));
}

}  // namespace patchbay::fuzz
