# The house as CMake states it (operator/README.md draws it).

# One set of precompiled headers for every room, one more for tests (which see gtest too).
file(WRITE ${CMAKE_BINARY_DIR}/pch/empty.cc "")
add_library(patchbay_pch STATIC ${CMAKE_BINARY_DIR}/pch/empty.cc)
target_link_libraries(patchbay_pch PUBLIC nlohmann_json::nlohmann_json)
target_precompile_headers(patchbay_pch PRIVATE
  <algorithm> <array> <atomic> <chrono> <condition_variable> <deque> <functional> <initializer_list> <list> <map>
  <memory> <mutex> <optional> <set> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector>
  <nlohmann/json.hpp>)

# patchbay_room(NAME [FOLDER operator-relative] USES room... PRIVATELY target...)
# A room is its folder; third parties are private, so their headers cannot reach another room.
function(patchbay_room name)
  cmake_parse_arguments(ROOM "" "FOLDER" "USES;PRIVATELY" ${ARGN})
  if(NOT ROOM_FOLDER)
    set(ROOM_FOLDER ${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/operator/${ROOM_FOLDER}/*.cc)
  if(NOT sources)
    set(sources ${CMAKE_BINARY_DIR}/pch/empty.cc)
  endif()
  add_library(${name} STATIC ${sources})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME patchbay_${name})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/operator)
  target_link_libraries(${name} PUBLIC ${ROOM_USES} nlohmann_json::nlohmann_json Threads::Threads PRIVATE ${ROOM_PRIVATELY})
  target_precompile_headers(${name} REUSE_FROM patchbay_pch)
endfunction()

# patchbay_embed(TARGET OUTPUT.cc FUNCTION file...): the files' names and texts as a C++ function
#   const std::vector<std::pair<std::string, std::string>>& patchbay::FUNCTION();
function(patchbay_embed target output function)
  set(path ${CMAKE_CURRENT_BINARY_DIR}/${output})
  string(REPLACE ";" "|" files "${ARGN}")
  add_custom_command(OUTPUT ${path}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${path} -DFUNCTION=${function} "-DFILES=${files}" -P ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake
    DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/Embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${path})
endfunction()
