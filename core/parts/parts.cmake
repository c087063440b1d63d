# SPDX-License-Identifier: Apache-2.0
# Which parts a build has (docs/parts.md). One item for each: the name of a folder here, or the path of one elsewhere: from the top of the
# tree, or absolute.
set(BULKHEAD_PARTS "hardware;passthrough;vgic;vpl011" CACHE STRING
    "The parts that domains can be given: folders of core/parts, or paths from the top of the tree, or absolute ones")

# What is written behind .FIELD = in a part's sources, in quotes.
function(bulkhead_part_text folder field result)
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})
    set(${result} "" PARENT_SCOPE)
    foreach(source ${sources})
        file(STRINGS ${source} line REGEX "^ +\\.${field} = \"[^\"]+\",$")
        if(line MATCHES "\"(.*)\"")
            set(${result} ${CMAKE_MATCH_1} PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

# Writes part_table[] and part_absent[] (core/config/part.h) to FILE; ARGN are the items of the list.
# In RESULT: the sources to compile, the table among them.
function(bulkhead_parts result file)
    set(names)
    set(sources ${file})
    foreach(item ${ARGN})
        string(REGEX REPLACE "/+$" "" item "${item}")
        string(REGEX REPLACE "^.*/" "" name "${item}")
        if(NOT name MATCHES "^[a-z][a-z0-9_]*$") # it becomes a part of a C name: <name>_part
            message(FATAL_ERROR "BULKHEAD_PARTS: \"${item}\": the name of a part's folder is a small letter, then small letters, "
                "digits and _")
        endif()
        if(name IN_LIST names)
            message(FATAL_ERROR "BULKHEAD_PARTS: \"${item}\": there is a part \"${name}\" in the list already")
        endif()
        set(folder ${PROJECT_SOURCE_DIR}/${item})
        if(IS_ABSOLUTE "${item}")
            set(folder ${item})
        elseif(NOT item MATCHES "/")
            set(folder ${PROJECT_SOURCE_DIR}/core/parts/${item})
        endif()
        file(GLOB part_sources CONFIGURE_DEPENDS ${folder}/*.c)
        if(NOT part_sources)
            message(FATAL_ERROR "BULKHEAD_PARTS: there is no part in ${folder}")
        endif()
        list(APPEND names ${name})
        list(APPEND sources ${part_sources})
    endforeach()
    file(STRINGS ${PROJECT_SOURCE_DIR}/core/lib/types.h limit REGEX "^#define HV_MAX_PARTS [0-9]+")
    string(REGEX MATCH "[0-9]+" limit "${limit}")
    list(LENGTH names count)
    if(count GREATER limit)
        message(FATAL_ERROR "BULKHEAD_PARTS: ${count} parts, at most ${limit} (HV_MAX_PARTS)")
    endif()
    list(SORT names)
    set(declarations)
    set(table)
    foreach(name ${names})
        string(APPEND declarations "extern const struct part ${name}_part;\n")
        string(APPEND table "&${name}_part, ")
    endforeach()
    set(absent)
    file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/core/parts/*)
    foreach(folder ${folders})
        get_filename_component(name ${folder} NAME)
        if(NOT IS_DIRECTORY ${folder} OR name IN_LIST names)
            continue()
        endif()
        bulkhead_part_text(${folder} property property)
        if(NOT property)
            bulkhead_part_text(${folder} module property)
        endif()
        if(property)
            string(APPEND absent "    {\"${name}\", \"${property}\"},\n")
        endif()
    endforeach()
    file(CONFIGURE OUTPUT ${file} CONTENT [[/* Made by core/parts/parts.cmake. */
#include "config/part.h"

@declarations@
const struct part *const part_table[HV_MAX_PARTS + 1] = {@table@NULL};
const struct part_absent part_absent[] = {
@absent@    {NULL, NULL},
};
]] @ONLY)
    set(${result} ${sources} PARENT_SCOPE)
endfunction()
