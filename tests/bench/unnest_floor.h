// The floor of creates: the same rows through INSERT ... SELECT FROM unnest by one connection, on the same Postgres.
#pragma once

#include <chrono>
#include <functional>
#include <pqxx/pqxx>
#include <string>

#include "base/clock.h"
#include "store/binary_array.h"

namespace patchbay::bench {

// Rows a second, `rows` a statement, for `time`. Each commits on its own and waits for the disk. Names begin with
// `prefix`; no two calls may have the same.
inline double MeasureUnnest(const std::string& connection, int rows, const std::string& prefix, std::chrono::milliseconds time,
                            const std::function<std::string(const std::string& name)>& body) {
  using store::BinaryArray;
  pqxx::connection session(connection);
  pqxx::nontransaction work(session);
  work.exec("SET synchronous_commit = on");
  work.exec("CREATE TABLE IF NOT EXISTS floor (resource text, ns text, name text, body text, PRIMARY KEY (resource, ns, name))");
  session.prepare("insert", "INSERT INTO floor SELECT 'plugins', 'default', * FROM unnest($1::text[], $2::text[])");
  const MonoTime start = SystemClock().Mono();
  long count = 0;
  while (SystemClock().Mono() - start < time) {
    BinaryArray names(BinaryArray::Type::kText);
    BinaryArray bodies(BinaryArray::Type::kText);
    for (int i = 0; i < rows; ++i) {
      const std::string name = prefix + "-" + std::to_string(count++);
      names.AddText(name);
      bodies.AddText(body(name));
    }
    work.exec_prepared("insert", pqxx::binarystring(names.Encode()), pqxx::binarystring(bodies.Encode()));
  }
  return static_cast<double>(count) / std::chrono::duration<double>(SystemClock().Mono() - start).count();
}

}  // namespace patchbay::bench
