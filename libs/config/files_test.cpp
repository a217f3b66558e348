// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/test_support.hpp"

namespace headrace::config {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "headrace-config-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  std::string path(const std::string& name = "") const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

TEST(Files, AreAllThatTheConfigurationIncludesOrLoads) {
  const Folder folder;
  folder.write(
      "headrace.lua",
      "include 'a/one.lua'\nlocal b = load_json 'boards.json'\nfor _, f in ipairs(b) do include(f) end\n");
  folder.write("a/one.lua", "include 'a/two.lua' worker 'w' {}");
  folder.write("a/two.lua", "this is no Lua");  // read_files does not report mistakes
  folder.write("boards.json", R"(["three.lua"])");
  folder.write("three.lua", "");
  folder.write("unused.lua", "");
  const auto files = read_files(folder.path("headrace.lua"));
  ASSERT_TRUE(files) << files.error().text;
  EXPECT_EQ(files->main, "headrace.lua");
  std::string names;
  for (const auto& [name, text] : files->texts) names += name + " ";
  EXPECT_EQ(names, "a/one.lua a/two.lua boards.json headrace.lua three.lua ");
  EXPECT_EQ(files->texts.at("a/two.lua"), "this is no Lua");
  EXPECT_EQ(read_files(folder.path())->texts, files->texts);
}

TEST(Files, ThatCannotBeReadAreMistakesAmongTheOthers) {
  const Folder folder;
  folder.write("headrace.lua",
               "worker 'w' { slotz = 3 }\ninclude 'a.lua'\nload_json 'b.json'\ninclude 'sub'\n");
  folder.write("sub/x", "");
  const auto files = read_files(folder.path("headrace.lua"));
  ASSERT_TRUE(files) << files.error().text;
  std::vector<Problem> problems;
  EXPECT_FALSE(Configuration::evaluate(*files, problems));
  std::string said;
  for (const auto& p : problems) said += p.place + ": " + p.text + "\n";
  EXPECT_EQ(said,
            "headrace.lua:1: unknown field 'slotz' in worker \"w\", did you mean 'slots'?\n"
            "headrace.lua:2: there is no file 'a.lua'\n"
            "headrace.lua:3: there is no file 'b.json'\n"
            "headrace.lua:4: 'sub' is no regular file\n");
}

TEST(Files, NothingCanBeSaidWithoutTheMainOne) {
  const Folder folder;
  const auto files = read_files(folder.path("nothing.lua"));
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().text,
            fs::path(folder.path("x")).parent_path().string() + ": there is no file 'nothing.lua'");
}

TEST(Files, ComeBackFromTheStore) {
  const Files files{"headrace.lua",
                    {{"headrace.lua", "worker 'w' {}"}, {"b.json", std::string("\0\xff{}", 4)}}};
  const std::string bytes = pack(files);
  const auto back = unpack(bytes);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(back->main, files.main);
  EXPECT_EQ(back->texts, files.texts);
  for (std::size_t length = 0; length < bytes.size(); ++length) EXPECT_FALSE(unpack(bytes.substr(0, length)));
  EXPECT_FALSE(unpack("\x80"));
}

}  // namespace
}  // namespace headrace::config
