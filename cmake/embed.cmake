# SPDX-License-Identifier: Apache-2.0
# cmake -DOUT=file.cpp -DSYMBOL=ns::kFiles -DFILES="a;b" -P embed.cmake
# Writes one C++ file that defines `const std::span<const headrace::embedded::File> ns::kFiles`.
set(arrays "")
set(table "")
set(count 0)
foreach(file ${FILES})
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char kFile${count}[] = {${bytes} 0};\n")
  string(APPEND table "    {\"${name}\", {kFile${count}, ${size}}},\n")
  math(EXPR count "${count} + 1")
endforeach()
string(REGEX REPLACE "::[^:]*$" "" namespace "${SYMBOL}")
string(REGEX REPLACE "^.*::" "" name "${SYMBOL}")
file(WRITE "${OUT}" "// Made by embed.cmake.
#include \"embedded/file.hpp\"
namespace ${namespace} {
namespace {
${arrays}constexpr headrace::embedded::File kTable[] = {
${table}};
}  // namespace
extern const std::span<const headrace::embedded::File> ${name};
const std::span<const headrace::embedded::File> ${name} = kTable;
}  // namespace ${namespace}
")
