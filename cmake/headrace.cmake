# SPDX-License-Identifier: Apache-2.0
# How a library, a program and a test of this project are declared. Every target lists its sources.

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(HEADRACE_TEST_DIRECTORY "${CMAKE_BINARY_DIR}/tests-bin")

option(HEADRACE_WERROR "treat warnings as errors" OFF)
option(HEADRACE_FUZZ "build the fuzz targets: clang, by the preset fuzz" OFF)
set(HEADRACE_SANITIZE "" CACHE STRING "sanitizers, as -fsanitize takes them")

find_program(CCACHE ccache)
if(CCACHE)
  # The precompiled headers below are part of what it compares.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE}")
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(CURL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(LUA REQUIRED IMPORTED_TARGET lua5.4)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

# What every translation unit is compiled with; linked by every target below.
add_library(headrace_flags INTERFACE)
target_compile_features(headrace_flags INTERFACE cxx_std_20)
target_compile_options(headrace_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(headrace_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")  # ccache asks for it
else()
  target_compile_options(headrace_flags INTERFACE -Wno-maybe-uninitialized)
endif()
target_compile_definitions(headrace_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_CONCEPTS BOOST_ALLOW_DEPRECATED_HEADERS
  HEADRACE_VERSION="${PROJECT_VERSION}"
  _FILE_OFFSET_BITS=64)  # as hiredis has it for its users: the precompiled headers are for all
if(HEADRACE_WERROR)
  target_compile_options(headrace_flags INTERFACE -Werror)
endif()
if(HEADRACE_SANITIZE)
  # Nothing goes on after a finding of the undefined sanitizer, which would be one line in a log otherwise.
  target_compile_options(headrace_flags INTERFACE -fsanitize=${HEADRACE_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  target_link_options(headrace_flags INTERFACE -fsanitize=${HEADRACE_SANITIZE})
endif()

# The headers that nearly every file includes, read once: reading them takes a third of a file's time.
# Tests have their own, because their code is not optimised (that of what they test is).
set(HEADRACE_TEST_OPTIONS $<$<CONFIG:RelWithDebInfo>:-O0>)
file(WRITE "${CMAKE_BINARY_DIR}/headers.cpp" "")
function(headrace_headers name)
  add_library(${name} STATIC "${CMAKE_BINARY_DIR}/headers.cpp")
  target_link_libraries(${name} PUBLIC headrace_flags)
  target_precompile_headers(${name} PRIVATE <algorithm> <array> <chrono> <cstdint> <deque> <filesystem> <functional> <map>
    <memory> <optional> <set> <stdexcept> <string> <string_view> <utility> <variant> <vector> <tl/expected.hpp> ${ARGN})
endfunction()
headrace_headers(headrace_headers)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  headrace_headers(headrace_test_headers <gtest/gtest.h>)
  target_compile_options(headrace_test_headers PRIVATE ${HEADRACE_TEST_OPTIONS})
  target_link_libraries(headrace_test_headers PRIVATE GTest::gtest)
endif()

# Gives a target the include roots of folders of the current one. A root is a directory of its own in the build tree with
# one symbolic link, so that a file's includes find its own library and the declared DEPS of it and nothing else:
#   libs/wire             is build/<preset>/roots/libs-wire, where wire/ leads back:    #include "wire/codec.hpp"
#   services/web/history  is roots/services-web-history, where web/history/ leads back: #include "web/history/sqlite.hpp"
function(headrace_include_root target scope)
  foreach(folder ${ARGN})
    get_filename_component(path "${folder}" ABSOLUTE)
    file(RELATIVE_PATH place "${CMAKE_SOURCE_DIR}" "${path}")
    string(REPLACE "/" "-" id "${place}")
    set(root "${CMAKE_BINARY_DIR}/roots/${id}")
    string(REGEX REPLACE "^(libs|services|tests)/" "" spelling "${place}")
    get_filename_component(parent "${root}/${spelling}" DIRECTORY)
    file(MAKE_DIRECTORY "${parent}")
    file(CREATE_LINK "${path}" "${root}/${spelling}" SYMBOLIC)
    target_include_directories(${target} ${scope} "${root}")
  endforeach()
endfunction()

# headrace_library(NAME [FOLDERS folder …] SOURCES a.cpp … DEPS headrace_lib … PRIVATE_DEPS …)
# Who links it sees the current folder, or only the named folders in it. headrace_wire is headrace::wire to
# CMake, which refuses a name in DEPS that does not exist.
function(headrace_library name)
  cmake_parse_arguments(arg "" "ROOT" "FOLDERS;SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  headrace_checked_names(arg_DEPS arg_PRIVATE_DEPS)
  if(NOT arg_FOLDERS)
    set(arg_FOLDERS ".")
  endif()
  if(arg_SOURCES)
    set(scope PUBLIC)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC headrace_flags ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
    target_precompile_headers(${name} REUSE_FROM headrace_headers)
  else()
    set(scope INTERFACE)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE headrace_flags ${arg_DEPS})
  endif()
  headrace_include_root(${name} ${scope} ${arg_FOLDERS})
  if(arg_ROOT)
    target_include_directories(${name} ${scope} "${arg_ROOT}")
  endif()
  string(REGEX REPLACE "^headrace_" "headrace::" alias "${name}")
  add_library(${alias} ALIAS ${name})
endfunction()

# headrace_wire becomes headrace::wire in the lists of these names.
macro(headrace_checked_names)
  foreach(list ${ARGN})
    list(TRANSFORM ${list} REPLACE "^headrace_" "headrace::")
  endforeach()
endmacro()

# headrace_program(NAME [TOOL] SOURCES main.cpp DEPS lib …): a binary in build/<preset>/bin. The target `programs` and the
# global property HEADRACE_PROGRAMS are all that a user gets; a TOOL is for developers and not among them.
add_custom_target(programs)
function(headrace_program name)
  cmake_parse_arguments(arg "TOOL" "" "SOURCES;DEPS" ${ARGN})
  headrace_checked_names(arg_DEPS)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE headrace_flags ${arg_DEPS})
  target_precompile_headers(${name} REUSE_FROM headrace_headers)
  headrace_include_root(${name} PRIVATE .)
  if(NOT arg_TOOL)
    add_dependencies(programs ${name})
    set_property(GLOBAL APPEND PROPERTY HEADRACE_PROGRAMS ${name})
  endif()
endfunction()

# headrace_test(NAME LABEL unit|redis|e2e|simulation|browser SOURCES … DEPS … [EACH] [LOCK lock] [TIMEOUT s])
# One ctest entry for the whole binary; with EACH, one a test case (for the slow scenarios); of those with the
# same LOCK one runs at a time. OPTIMISED is for a test that needs the time of the machine: an inline function is
# taken from the first object that has it, so that an unoptimised one slows the libraries down, too.
function(headrace_test name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(arg "EACH;OPTIMISED" "LABEL;LOCK;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  headrace_checked_names(arg_DEPS)
  add_executable(${name} ${arg_SOURCES})
  headrace_include_root(${name} PRIVATE .)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${HEADRACE_TEST_DIRECTORY}")
  target_link_libraries(${name} PRIVATE headrace_flags ${arg_DEPS} GTest::gtest_main)
  if(NOT arg_OPTIMISED)
    target_compile_options(${name} PRIVATE ${HEADRACE_TEST_OPTIONS})
    target_precompile_headers(${name} REUSE_FROM headrace_test_headers)
  endif()
  target_compile_definitions(${name} PRIVATE
    HEADRACE_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" HEADRACE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(arg_EACH)
    include(GoogleTest)
    set(properties LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
    if(arg_LOCK)
      list(APPEND properties RESOURCE_LOCK ${arg_LOCK})
    endif()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
  else()
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT})
  endif()
endfunction()

# headrace_embed(TARGET SYMBOL headrace::x::kFiles FILES a b …): the files' bytes in the target, with their names
# (libs/embedded/file.hpp), in the order given.
function(headrace_embed target)
  cmake_parse_arguments(arg "" "SYMBOL" "FILES" ${ARGN})
  string(MAKE_C_IDENTIFIER "${arg_SYMBOL}" id)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${id}.cpp")
  set(files ${arg_FILES})
  list(TRANSFORM files PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  add_custom_command(OUTPUT "${out}"
    COMMAND ${CMAKE_COMMAND} "-DOUT=${out}" "-DSYMBOL=${arg_SYMBOL}" "-DFILES=${files}"
            -P "${CMAKE_SOURCE_DIR}/cmake/embed.cmake"
    DEPENDS ${files} "${CMAKE_SOURCE_DIR}/cmake/embed.cmake" VERBATIM)
  target_sources(${target} PRIVATE "${out}")
  target_link_libraries(${target} PRIVATE headrace::embedded)
endfunction()

# headrace_kinds(LIB target NAMESPACE headrace::x TYPE Kind HEADER "x/kinds/kind.hpp" [TEST test] KINDS a b …)
# The table of a family of kinds, called from the family's own folder; one line a kind. For each kind a.cpp goes
# into the library, and a_test.cpp, when there is one, into the test program (declared before). a.cpp defines
# `const Kind a_kind{…};` after `extern const Kind a_kind;` (in a.cpp or a.hpp), because C++ hides a const from other
# files. The name's ending is the type's, in small letters: a Dialect is a_dialect, a StepKind a_step_kind. The header declares the type, which has a member `name`, and two functions that are generated:
#   std::span<const Kind* const> kinds();                 in the order of the table
#   const Kind* find_kind(std::string_view name);         nullptr: there is no such kind
# (dialects and find_dialect, step_kinds and find_step_kind …; so each family of a namespace has a type of its own).
function(headrace_kinds)
  cmake_parse_arguments(arg "" "LIB;NAMESPACE;TYPE;HEADER;TEST" "KINDS" ${ARGN})
  string(REGEX REPLACE "([a-z])([A-Z])" "\\1_\\2" suffix "${arg_TYPE}")
  string(TOLOWER "${suffix}" suffix)
  set(declarations "")
  set(rows "")
  foreach(kind ${arg_KINDS})
    target_sources(${arg_LIB} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${kind}.cpp")
    if(arg_TEST AND TARGET "${arg_TEST}" AND EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${kind}_test.cpp")
      target_sources(${arg_TEST} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${kind}_test.cpp")
    endif()
    string(APPEND declarations "extern const ${arg_TYPE} ${kind}_${suffix};\n")
    string(APPEND rows "    &${kind}_${suffix},\n")
  endforeach()
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${suffix}_table.cpp")
  file(CONFIGURE OUTPUT "${out}" @ONLY CONTENT [[
// Generated by headrace_kinds (cmake/headrace.cmake).
#include "@arg_HEADER@"

#include <span>
#include <string_view>

namespace @arg_NAMESPACE@ {
@declarations@
namespace {
constexpr const @arg_TYPE@* kTable[] = {
@rows@};
}  // namespace

std::span<const @arg_TYPE@* const> @suffix@s() { return kTable; }

const @arg_TYPE@* find_@suffix@(std::string_view name) {
  for (const auto* kind : kTable)
    if (kind->name == name) return kind;
  return nullptr;
}
}  // namespace @arg_NAMESPACE@
]])
  target_sources(${arg_LIB} PRIVATE "${out}")
endfunction()
