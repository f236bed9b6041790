// Media types: what a client wants back (Accept) and what it sent (Content-Type). Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/failure.h"
#include "http/message.h"

namespace patchbay::api {

enum class Shape { kObject, kTable, kPartial };  // kPartial: PartialObjectMetadata, or its List
enum class Encoding { kJson, kYaml };
enum class RowObject { kMetadata, kObject, kNone };  // Table's includeObject

// How an answer shall look.
struct Form {
  Shape shape = Shape::kObject;
  Encoding encoding = Encoding::kJson;
  std::string meta_version = "v1";  // of meta.k8s.io: "v1", "v1beta1"
  RowObject row_object = RowObject::kMetadata;
  bool pretty = false;

  // The bytes of the cache can be sent as they are.
  bool plain() const { return shape == Shape::kObject && encoding == Encoding::kJson && !pretty; }
  std::string meta_api_version() const { return "meta.k8s.io/" + meta_version; }
};

// By quality, then by order. 406 when nothing fits; 400 for a wrong includeObject.
Answer<Form> ChooseForm(const http::Request& request);

// The version of apidiscovery.k8s.io that is wanted: "v2", "v2beta1", or "" for the plain documents.
Answer<std::string> ChooseDiscovery(std::string_view accept);

// How an OpenAPI document shall be written: by quality, then by order. 406 when nothing fits.
enum class Writing { kJson, kProtobuf };
Answer<Writing> ChooseOpenApi(std::string_view accept, bool protobuf);

enum class BodyType { kJson, kYaml, kMergePatch, kJsonPatch, kStrategicPatch, kApplyPatch, kProtobuf, kUnknown };
// An absent Content-Type is JSON: kubectl scale sends none.
BodyType BodyTypeOf(std::string_view content_type);

}  // namespace patchbay::api
