// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace crawler {

/// The media type for a file's name, by its extension; application/octet-stream for what is not known.
/// HTML goes without a charset, so that the page itself says which one it is.
std::string_view media_type_for(std::string_view file_name);

/// Finds the file for each path that is asked for, as a web server that serves one directory.
///
/// Blocks on the file system: call it off the loop's thread.
/// **Thread safety.** find() may be called from any number of threads.
class directory_site {
 public:
  /// @throws std::filesystem::filesystem_error  There is no such directory.
  explicit directory_site(const std::filesystem::path& root);

  enum class outcome { file, redirect, not_found, forbidden, bad_request };
  struct answer {
    outcome what = outcome::not_found;
    std::filesystem::path file;  ///< for file
    std::string location;        ///< for redirect: the directory's path with its slash, and the query
    /// 200, 301, 404, 403 or 400.
    int status() const;
  };

  /// @param target  Path and query as they stand in a request line; the query is ignored.
  /// @returns       A directory answers with its index.html, after a redirect to the path with a slash, or not at
  ///                all. What lies outside the root, through `..` or links, is forbidden.
  answer find(std::string_view target) const;

 private:
  std::filesystem::path root_;  // canonical
};

}  // namespace crawler
