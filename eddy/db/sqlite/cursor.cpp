// SPDX-License-Identifier: BSL-1.0
#include "eddy/db/sqlite/cursor.hpp"

#include <utility>

#include "eddy/base/owned.hpp"
#include "eddy/db/sqlite/detail/running_query.hpp"

namespace eddy::sqlite {
namespace {

std::size_t size_of(const row& each) noexcept {
  std::size_t total = 0;
  for (std::size_t i = 0; i < each.size(); ++i) total += each[i].size_bytes();
  return total;
}

}  // namespace

cursor::cursor(eddy::detail::owned<detail::running_query> query) noexcept : query_(std::move(query)) {}
cursor::~cursor() = default;
cursor::cursor(cursor&&) noexcept = default;
cursor& cursor::operator=(cursor&&) noexcept = default;

const columns& cursor::result_columns() const noexcept { return *query_->result_columns(); }

std::vector<row> cursor::fetch(std::size_t max_rows, std::size_t max_bytes) {
  query_->throw_pending();
  std::vector<row> batch;
  std::size_t bytes = 0;
  while (batch.size() < max_rows && (bytes < max_bytes || batch.empty()) && query_->has_row()) {
    batch.push_back(query_->take_row());
    bytes += size_of(batch.back());
  }
  return batch;
}

std::optional<row> cursor::next() {
  query_->throw_pending();
  if (!query_->has_row()) return std::nullopt;
  return query_->take_row();
}

bool cursor::is_done() const noexcept { return !query_->has_row(); }

void cursor::close() noexcept { query_->finish(); }

}  // namespace eddy::sqlite
