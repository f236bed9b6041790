#include "api/protobuf_messages.h"

#include <array>

namespace patchbay::api {
namespace {

using enum ProtobufType;
using Field = ProtobufField;

constexpr std::array kOwnerFields = {
    Field{1, "kind", kText},       Field{3, "name", kText},       Field{4, "uid", kText},
    Field{5, "apiVersion", kText}, Field{6, "controller", kBool}, Field{7, "blockOwnerDeletion", kBool}};
constexpr ProtobufMessage kOwner{kOwnerFields};

constexpr std::array kManagedFields = {
    Field{1, "manager", kText}, Field{2, "operation", kText},  Field{3, "apiVersion", kText},
    Field{4, "time", kTime},    Field{6, "fieldsType", kText}, Field{7, "fieldsV1", kJson},
    Field{8, "subresource", kText}};
constexpr ProtobufMessage kManaged{kManagedFields};

constexpr std::array kMetaFields = {Field{1, "name", kText},
                                    Field{2, "generateName", kText},
                                    Field{3, "namespace", kText},
                                    Field{4, "selfLink", kText},
                                    Field{5, "uid", kText},
                                    Field{6, "resourceVersion", kText},
                                    Field{7, "generation", kCount},
                                    Field{8, "creationTimestamp", kTime},
                                    Field{9, "deletionTimestamp", kTime},
                                    Field{10, "deletionGracePeriodSeconds", kInteger},
                                    Field{11, "labels", kTextMap},
                                    Field{12, "annotations", kTextMap},
                                    Field{13, "ownerReferences", kMessages, &kOwner},
                                    Field{14, "finalizers", kTexts},
                                    Field{17, "managedFields", kMessages, &kManaged}};
constexpr ProtobufMessage kMeta{kMetaFields};

constexpr std::array kSecretFields = {Field{1, "metadata", kMessage, &kMeta}, Field{2, "data", kBytesMap},
                                      Field{3, "type", kText}, Field{4, "stringData", kTextMap},
                                      Field{5, "immutable", kBool}};
constexpr ProtobufMessage kSecret{kSecretFields};

constexpr std::array kConfigMapFields = {Field{1, "metadata", kMessage, &kMeta}, Field{2, "data", kTextMap},
                                         Field{3, "binaryData", kBytesMap}, Field{4, "immutable", kBool}};
constexpr ProtobufMessage kConfigMap{kConfigMapFields};

constexpr std::array kConditionFields = {Field{1, "type", kText}, Field{2, "status", kText},
                                         Field{4, "lastTransitionTime", kTime}, Field{5, "reason", kText},
                                         Field{6, "message", kText}};
constexpr ProtobufMessage kCondition{kConditionFields};
constexpr std::array kNamespaceSpecFields = {Field{1, "finalizers", kTexts}};
constexpr ProtobufMessage kNamespaceSpec{kNamespaceSpecFields};
constexpr std::array kNamespaceStatusFields = {Field{1, "phase", kText},
                                               Field{2, "conditions", kMessages, &kCondition}};
constexpr ProtobufMessage kNamespaceStatus{kNamespaceStatusFields};
constexpr std::array kNamespaceFields = {Field{1, "metadata", kMessage, &kMeta},
                                         Field{2, "spec", kMessage, &kNamespaceSpec},
                                         Field{3, "status", kMessage, &kNamespaceStatus}};
constexpr ProtobufMessage kNamespace{kNamespaceFields};

constexpr std::array kReferenceFields = {
    Field{1, "kind", kText},       Field{2, "namespace", kText},       Field{3, "name", kText},
    Field{4, "uid", kText},        Field{5, "apiVersion", kText},
    Field{6, "resourceVersion", kText}, Field{7, "fieldPath", kText}};
constexpr ProtobufMessage kReference{kReferenceFields};
constexpr std::array kSourceFields = {Field{1, "component", kText}, Field{2, "host", kText}};
constexpr ProtobufMessage kSource{kSourceFields};
constexpr std::array kSeriesFields = {Field{1, "count", kCount}, Field{2, "lastObservedTime", kMicroTime}};
constexpr ProtobufMessage kSeries{kSeriesFields};
constexpr std::array kEventFields = {Field{1, "metadata", kMessage, &kMeta},
                                     Field{2, "involvedObject", kMessage, &kReference},
                                     Field{3, "reason", kText},
                                     Field{4, "message", kText},
                                     Field{5, "source", kMessage, &kSource},
                                     Field{6, "firstTimestamp", kTime},
                                     Field{7, "lastTimestamp", kTime},
                                     Field{8, "count", kCount},
                                     Field{9, "type", kText},
                                     Field{10, "eventTime", kMicroTime},
                                     Field{11, "series", kMessage, &kSeries},
                                     Field{12, "action", kText},
                                     Field{13, "related", kMessage, &kReference},
                                     Field{14, "reportingComponent", kText},
                                     Field{15, "reportingInstance", kText}};
constexpr ProtobufMessage kEvent{kEventFields};

// The same message of events.k8s.io/v1: other names, other numbers.
constexpr std::array kEventViewFields = {Field{1, "metadata", kMessage, &kMeta},
                                         Field{2, "eventTime", kMicroTime},
                                         Field{3, "series", kMessage, &kSeries},
                                         Field{4, "reportingController", kText},
                                         Field{5, "reportingInstance", kText},
                                         Field{6, "action", kText},
                                         Field{7, "reason", kText},
                                         Field{8, "regarding", kMessage, &kReference},
                                         Field{9, "related", kMessage, &kReference},
                                         Field{10, "note", kText},
                                         Field{11, "type", kText},
                                         Field{12, "deprecatedSource", kMessage, &kSource},
                                         Field{13, "deprecatedFirstTimestamp", kTime},
                                         Field{14, "deprecatedLastTimestamp", kTime},
                                         Field{15, "deprecatedCount", kCount}};
constexpr ProtobufMessage kEventView{kEventViewFields};

constexpr std::array kLeaseSpecFields = {
    Field{1, "holderIdentity", kOptional},  Field{2, "leaseDurationSeconds", kInteger},
    Field{3, "acquireTime", kMicroTime},    Field{4, "renewTime", kMicroTime},
    Field{5, "leaseTransitions", kInteger}, Field{6, "strategy", kText},
    Field{7, "preferredHolder", kText}};
constexpr ProtobufMessage kLeaseSpec{kLeaseSpecFields};
constexpr std::array kLeaseFields = {Field{1, "metadata", kMessage, &kMeta}, Field{2, "spec", kMessage, &kLeaseSpec}};
constexpr ProtobufMessage kLease{kLeaseFields};

constexpr std::array kPreconditionFields = {Field{1, "uid", kOptional}, Field{2, "resourceVersion", kOptional}};
constexpr ProtobufMessage kPreconditions{kPreconditionFields};
constexpr std::array kDeleteFields = {
    Field{1, "gracePeriodSeconds", kInteger}, Field{2, "preconditions", kMessage, &kPreconditions},
    Field{3, "orphanDependents", kBool},      Field{4, "propagationPolicy", kOptional},
    Field{5, "dryRun", kTexts},               Field{6, "ignoreStoreReadErrorWithClusterBreakingPotential", kBool}};
constexpr ProtobufMessage kDeleteOptions{kDeleteFields};

constexpr std::array kRequirementFields = {Field{1, "key", kText}, Field{2, "operator", kText},
                                           Field{3, "values", kTexts}};
constexpr ProtobufMessage kRequirement{kRequirementFields};
constexpr std::array kSelectorFields = {Field{1, "rawSelector", kText},
                                        Field{2, "requirements", kMessages, &kRequirement}};
constexpr ProtobufMessage kSelector{kSelectorFields};
constexpr std::array kResourceFields = {Field{1, "namespace", kText},
                                        Field{2, "verb", kText},
                                        Field{3, "group", kText},
                                        Field{4, "version", kText},
                                        Field{5, "resource", kText},
                                        Field{6, "subresource", kText},
                                        Field{7, "name", kText},
                                        Field{8, "fieldSelector", kMessage, &kSelector},
                                        Field{9, "labelSelector", kMessage, &kSelector}};
constexpr ProtobufMessage kResource{kResourceFields};
constexpr std::array kNonResourceFields = {Field{1, "path", kText}, Field{2, "verb", kText}};
constexpr ProtobufMessage kNonResource{kNonResourceFields};
constexpr std::array kAccessSpecFields = {Field{1, "resourceAttributes", kMessage, &kResource},
                                          Field{2, "nonResourceAttributes", kMessage, &kNonResource},
                                          Field{3, "user", kText},
                                          Field{4, "groups", kTexts},
                                          Field{5, "extra", kTextsMap},
                                          Field{6, "uid", kText}};
constexpr ProtobufMessage kAccessSpec{kAccessSpecFields};
constexpr std::array kAccessFields = {Field{1, "metadata", kMessage, &kMeta}, Field{2, "spec", kMessage, &kAccessSpec}};
constexpr ProtobufMessage kAccessReview{kAccessFields};
constexpr std::array kRulesSpecFields = {Field{1, "namespace", kText}};
constexpr ProtobufMessage kRulesSpec{kRulesSpecFields};
constexpr std::array kRulesFields = {Field{1, "metadata", kMessage, &kMeta}, Field{2, "spec", kMessage, &kRulesSpec}};
constexpr ProtobufMessage kRulesReview{kRulesFields};
constexpr std::array kSelfFields = {Field{1, "metadata", kMessage, &kMeta}};
constexpr ProtobufMessage kSelfReview{kSelfFields};

struct Named {
  std::string_view api_version;
  std::string_view kind;
  const ProtobufMessage* message;
};
constexpr std::array kNamed = {Named{"v1", "Namespace", &kNamespace},
                               Named{"v1", "Secret", &kSecret},
                               Named{"v1", "ConfigMap", &kConfigMap},
                               Named{"v1", "Event", &kEvent},
                               Named{"events.k8s.io/v1", "Event", &kEventView},
                               Named{"coordination.k8s.io/v1", "Lease", &kLease},
                               Named{"authorization.k8s.io/v1", "SelfSubjectAccessReview", &kAccessReview},
                               Named{"authorization.k8s.io/v1", "SubjectAccessReview", &kAccessReview},
                               Named{"authorization.k8s.io/v1", "SelfSubjectRulesReview", &kRulesReview},
                               Named{"authentication.k8s.io/v1", "SelfSubjectReview", &kSelfReview}};

}  // namespace

const ProtobufMessage* FindProtobufMessage(std::string_view api_version, std::string_view kind) {
  if (kind == "DeleteOptions") return &kDeleteOptions;
  for (const Named& named : kNamed) {
    if (named.kind == kind && named.api_version == api_version) return named.message;
  }
  return nullptr;
}

}  // namespace patchbay::api
