// Requests and responses as the house speaks of them: no cpprestsdk, Beast or curl type leaves this room.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::http {

// Header fields in order; names compare without case. Values hold no CR or LF.
class Headers {
 public:
  void Add(std::string name, std::string value);
  void Set(std::string name, std::string value);      // replaces all of that name
  std::string_view Get(std::string_view name) const;  // the first, or ""
  bool Has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// "a=1&b=2", percent- and plus-decoded, in order; a name may come twice.
class Query {
 public:
  static std::optional<Query> Parse(std::string_view text);  // nothing on a bad escape
  std::string_view Get(std::string_view name) const;         // the first, or ""
  bool Has(std::string_view name) const;
  std::vector<std::string> GetAll(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method;  // as sent: "GET"
  std::string target;  // as sent: "/api/v1/pods?limit=5"
  std::string path;    // decoded, no query; "." and ".." segments and NUL are refused with 400 before a handler sees it
  Query query;
  Headers headers;
  std::string body;
  std::string remote;          // "127.0.0.1", "unix"
  std::string client_subject;  // of a verified client certificate as RFC 2253 writes it, "CN=alice,O=dev"; "" without
};

struct Response {
  int status = 200;
  Headers headers;  // Content-Length, Connection and Date are the transport's
  // Sent one after the other without being copied together: a list reuses its objects' bytes.
  std::vector<std::shared_ptr<const std::string>> body;

  static Response Text(int status, std::string body, std::string content_type = "text/plain; charset=utf-8");
};

}  // namespace patchbay::http
