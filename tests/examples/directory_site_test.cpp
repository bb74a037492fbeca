// SPDX-License-Identifier: BSL-1.0
#include "examples/crawler/directory_site.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace {

using crawler::directory_site;
using crawler::media_type_for;
namespace fs = std::filesystem;

class directory_site_test : public testing::Test {
 protected:
  directory_site_test() {
    std::string name = (fs::temp_directory_path() / "eddy-site-XXXXXX").string();
    directory_ = mkdtemp(name.data());
    for (const char* file : {"secret.html", "site/index.html", "site/a b~+=.html", "site/sub/index.html",
                             "site/plain/x.txt", "site/caf\xc3\xa9.html"}) {
      fs::create_directories((directory_ / file).parent_path());
      std::ofstream(directory_ / file) << file;
    }
    fs::create_symlink("../secret.html", directory_ / "site/out.html");
    fs::create_symlink("index.html", directory_ / "site/in.html");
    fs::create_symlink("..", directory_ / "site/up");
    fs::create_directory(directory_ / "site-beside");
    std::ofstream(directory_ / "site-beside/index.html") << "beside";
    fs::create_symlink("../site-beside", directory_ / "site/beside");
    fs::create_directory(directory_ / "site/bad");
    fs::create_symlink("../../secret.html", directory_ / "site/bad/index.html");
  }
  ~directory_site_test() override { fs::remove_all(directory_); }
  directory_site_test(const directory_site_test&) = delete;
  directory_site_test& operator=(const directory_site_test&) = delete;

  fs::path directory_;
};

TEST_F(directory_site_test, maps_targets_to_files_and_to_nothing_outside) {
  const directory_site site(directory_ / "site");
  struct row {
    std::string target;
    int status;
    const char* file;
  };
  for (const auto& [target, status, file] : {row{"/", 200, "index.html"},
                                             row{"/index.html", 200, "index.html"},
                                             row{"/index.html?x=../..", 200, "index.html"},
                                             row{"/sub/", 200, "index.html"},
                                             row{"/sub", 301, ""},
                                             row{"/plain/", 404, ""},
                                             row{"/plain/x.txt", 200, "x.txt"},
                                             row{"/plain/x.txt/", 404, ""},
                                             row{"/a%20b~+=.html", 200, "a b~+=.html"},
                                             row{"/%61%20b%7E%2B%3D.html", 200, "a b~+=.html"},
                                             row{"/caf%C3%A9.html", 200, "caf\xc3\xa9.html"},
                                             row{"/none.html", 404, ""},
                                             row{"/INDEX.html", 404, ""},
                                             row{"//index.html", 200, "index.html"},
                                             row{"/./sub/./", 200, "index.html"},
                                             row{"/in.html", 200, "index.html"},
                                             row{"/../secret.html", 403, ""},
                                             row{"/sub/../../secret.html", 403, ""},
                                             row{"/%2e%2e/secret.html", 403, ""},
                                             row{"/..%2fsecret.html", 400, ""},
                                             row{"/sub%2findex.html", 400, ""},
                                             row{"/index.html%00.png", 400, ""},
                                             row{"/out.html", 403, ""},
                                             row{"/up/secret.html", 403, ""},
                                             row{"/beside/", 403, ""},
                                             row{"/bad/", 403, ""},
                                             row{"", 400, ""},
                                             row{"http://h/", 400, ""},
                                             row{"/" + std::string(5000, 'x'), 404, ""}}) {
    const auto answer = site.find(target);
    EXPECT_EQ(answer.status(), status) << target;
    EXPECT_EQ(answer.file.filename().string(), file) << target;
  }
  EXPECT_EQ(site.find("/sub?q").location, "/sub/?q");
}

TEST_F(directory_site_test, a_missing_root_is_an_error) {
  EXPECT_THROW(directory_site(directory_ / "none"), fs::filesystem_error);
  EXPECT_THROW(directory_site(directory_ / "secret.html"), fs::filesystem_error);
}

TEST(media_types, go_by_the_extension) {
  EXPECT_EQ(media_type_for("a.html"), "text/html");
  EXPECT_EQ(media_type_for("A.HTM"), "text/html");
  EXPECT_EQ(media_type_for("operator=.html"), "text/html");
  EXPECT_EQ(media_type_for("x.tar.png"), "image/png");
  EXPECT_EQ(media_type_for("none"), "application/octet-stream");
  EXPECT_EQ(media_type_for("x."), "application/octet-stream");
}

}  // namespace
