// SPDX-License-Identifier: Apache-2.0
// docs/configuration.md has every row of the vocabulary and no other one, and the examples have no mistake.
#include <fstream>
#include <sstream>

#include "config/test_support.hpp"
#include "config/types.hpp"
#include "config/vocabulary.hpp"

namespace headrace::config {
namespace {

std::string read(const std::string& path) {
  std::ifstream in(std::string(HEADRACE_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(in) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Gives the parts of `line` that stand in backquotes.
std::vector<std::string> backquoted(const std::string& line) {
  std::vector<std::string> all;
  for (std::size_t at = line.find('`'); at != std::string::npos; at = line.find('`', at + 1)) {
    const auto end = line.find('`', at + 1);
    if (end == std::string::npos) break;
    all.push_back(line.substr(at + 1, end - at - 1));
    at = end;
  }
  return all;
}

// Gives the columns of a line "| a | b |". A bar behind a backslash is text.
std::vector<std::string> columns(const std::string& line) {
  std::vector<std::string> all;
  for (std::size_t at = 0; (at = line.find("| ", at)) != std::string::npos;) {
    const auto end = line.find(" |", at + 2);
    if (end == std::string::npos) break;
    all.push_back(line.substr(at + 2, end - at - 2));
    at = end + 1;
  }
  return all;
}

// Writes a default as somebody would write it in Lua.
std::string lua(const Node& node) {
  if (node.is(Node::Kind::string)) return json::write(node.text);
  if (!node.is(Node::Kind::table)) return describe(node);
  std::string items;
  for (const auto& item : node.items) items += (items.empty() ? "" : ", ") + lua(item);
  return "{ " + items + " }";
}

// Gives the row that the page should have for a field.
std::string row(const std::string& name, const Field& field) {
  const std::string otherwise = field.required ? "required"
                                : field.default_value.is(Node::Kind::nil)
                                    ? field.otherwise
                                    : "`" + lua(field.default_value) + "`";
  return "| `" + name + "` | " + field.type + " | " + otherwise + " | " + field.meaning + " |";
}

struct Section {
  std::map<std::string, std::string> fields;  // name → row; in the section of types: what people write
  std::set<std::string, std::less<>> later;
  std::map<std::string, std::string, std::less<>> written;
  std::vector<std::string> shared;  // sections whose fields belong to this one, too
};

// Gives the sections of the page by their headings. A heading is without backquotes, its first letter in
// lower case.
std::map<std::string, Section> sections() {
  std::map<std::string, Section> all;
  Section* now = nullptr;
  std::istringstream page(read("docs/configuration.md"));
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) now = &all[line.substr(3)];
    if (line.starts_with("### ")) {
      std::string name = backquoted(line).empty() ? line.substr(4) : backquoted(line)[0];
      name[0] = static_cast<char>(std::tolower(name[0]));
      now = &all[name];
    }
    if (now == nullptr) continue;
    if (line.starts_with("| `")) {
      const auto c = columns(line);
      if (c.size() == 4) now->fields[backquoted(c[0])[0]] = line;
      if (c.size() == 2) now->fields[backquoted(c[0])[0]] = c[1];
    }
    if (line.starts_with("Not yet: "))
      for (const auto& name : backquoted(line)) now->later.insert(name);
    if (line.starts_with("Written otherwise here: "))
      for (std::size_t i = 0; i + 1 < backquoted(line).size(); i += 2)
        now->written[backquoted(line)[i]] = backquoted(line)[i + 1];
    if (line.starts_with("- `"))
      for (const auto& name : backquoted(line)) now->later.insert(name);
    if (line.starts_with("Also *"))
      for (std::size_t at = line.find('*'); at != std::string::npos;
           at = line.find('*', line.find('*', at + 1) + 1))
        now->shared.push_back(line.substr(at + 1, line.find('*', at + 1) - at - 1));
  }
  return all;
}

TEST(Documents, NameEveryWordAndFieldThatThereIsAndNoOther) {
  auto page = sections();
  std::map<std::string, Word> words(Vocabulary::get().words().begin(), Vocabulary::get().words().end());
  words.insert(Vocabulary::get().tables().begin(), Vocabulary::get().tables().end());
  std::set<std::string> known;
  for (const auto& [name, word] : words) {
    ASSERT_TRUE(page.contains(name)) << "docs/configuration.md has no section `" << name << "`";
    known.insert(name);
    Section section = page[name];
    for (const auto& shared : section.shared) {
      ASSERT_TRUE(page.contains(shared)) << shared;
      known.insert(shared);
      section.fields.insert(page[shared].fields.begin(), page[shared].fields.end());
    }
    std::map<std::string, std::string> fields;
    for (const auto& [field, f] : word.fields) {
      fields[field] = row(field, f);
      EXPECT_EQ(section.fields[field], fields[field]) << "of " << name << " in docs/configuration.md";
    }
    for (const auto& [field, line] : section.fields)
      EXPECT_TRUE(fields.contains(field)) << name << " has no field '" << field << "'";
    EXPECT_EQ(section.later, word.later) << name;
    EXPECT_EQ(section.written, word.written) << name;
  }
  for (const auto& [name, section] : page) {
    const bool of_fields = !section.fields.empty() && section.fields.begin()->second.starts_with("| ");
    EXPECT_TRUE(!of_fields || known.contains(name))
        << "the page documents '" << name << "', which is no word";
  }
}

TEST(Documents, NameEveryTypeAndWhatIsLater) {
  auto page = sections();
  std::map<std::string, std::string> types;
  const auto collect = [&](const auto& words) {
    for (const auto& [name, word] : words)
      for (const auto& [field, f] : word.fields) {
        const Type* type = find_type(f.type);
        ASSERT_NE(type, nullptr) << name << "." << field << ": " << f.type;
        types[std::string(type->name)] = type->written;
      }
  };
  collect(Vocabulary::get().words());
  collect(Vocabulary::get().tables());
  EXPECT_EQ(page["Types"].fields, types);
  EXPECT_EQ(page["Words that are not there yet"].later, Vocabulary::get().later());
  const auto text = read("docs/configuration.md");
  for (const auto& function : Vocabulary::get().functions())
    EXPECT_NE(text.find("| `" + function + " \""), std::string::npos) << function;
}

TEST(Documents, HaveAnExampleThatIsRight) {
  std::istringstream page(read("docs/configuration.md"));
  std::string example;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line == "```") inside = false;
    if (inside) example += line + "\n";
    if (line == "```lua") inside = true;
  }
  const auto c = evaluated(example);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->site().builder("hello")->steps.size(), 3u);
}

TEST(Examples, HelloIsRight) {
  const auto c = evaluated(read("examples/hello/headrace.lua"),
                           {{"site.json", R"({"repository":"/srv/git/hello.git"})"}});
  ASSERT_TRUE(c);
  const Site& site = c->site();
  EXPECT_EQ(*site.pollers.at(0).options.find("url"), "/srv/git/hello.git");
  const Builder* builder = site.builder("hello");
  ASSERT_NE(builder, nullptr);
  ASSERT_EQ(builder->steps.size(), 3u);
  EXPECT_EQ(builder->steps[0].options["url"], json::Value("/srv/git/hello.git"));
  EXPECT_EQ(builder->steps[1].flags.halt_on_failure, true);
  const auto tests = builder->steps[2].do_step_if["$question"].as_int();
  const auto answer = [&](json::Object properties) {
    return c->call(tests, json::Object{{"properties", std::move(properties)}}).value();
  };
  EXPECT_EQ(answer({}), json::Value(true));
  EXPECT_EQ(answer({{"tests", "no"}}), json::Value(false));
}

}  // namespace
}  // namespace headrace::config
