# SPDX-License-Identifier: Apache-2.0
# cmake -DOUT=file.cpp -DSYMBOL=ns::name -DFILES="a;b" -P embed.cmake
# Writes one C++ file that defines `const std::string_view name` with the files' text, one after another.
set(text "")
foreach(file ${FILES})
  file(READ "${file}" part)
  string(APPEND text "${part}\n")
endforeach()
string(REGEX REPLACE "::[^:]*$" "" namespace "${SYMBOL}")
string(REGEX REPLACE "^.*::" "" name "${SYMBOL}")
file(WRITE "${OUT}" "#include <string_view>\nnamespace ${namespace} {\nextern const std::string_view ${name};\nconst std::string_view ${name} = R\"__embed__(${text})__embed__\";\n}\n")
