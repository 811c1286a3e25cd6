# GoogleTest: one executable a folder of tests/, <folder>_test, linked to the library of the same name. With PGREDIS_FUZZ: the
# fuzzers of tests/fuzz instead, each run for 20 seconds.

add_test(NAME layers COMMAND ${CMAKE_COMMAND} -DPROXY=${PROJECT_SOURCE_DIR}/proxy -P ${PROJECT_SOURCE_DIR}/cmake/layers.cmake)

if(PGREDIS_FUZZ)
    add_custom_target(fuzzers)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/*_fuzz.cpp)
    foreach(source IN LISTS sources)
        cmake_path(GET source STEM name)
        set(corpus ${CMAKE_BINARY_DIR}/corpus/${name})
        file(MAKE_DIRECTORY ${corpus})
        add_executable(${name} EXCLUDE_FROM_ALL ${source})
        target_link_libraries(${name} PRIVATE pgredis_resp)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        add_dependencies(fuzzers ${name})
        add_test(NAME fuzz.${name} COMMAND ${name} -max_total_time=20 -timeout=10 -rss_limit_mb=2048 ${corpus})
    endforeach()
    return()
endif()

find_package(GTest REQUIRED)
foreach(folder IN ITEMS resp scripts postgres commands clients operations)
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${folder}/*_test.cpp)
    if(sources)
        add_executable(${folder}_test ${sources})
        target_compile_options(${folder}_test PRIVATE -O0) # assertions compile more than twice as fast so, and need no speed
        target_link_libraries(${folder}_test PRIVATE pgredis_${folder} GTest::gmock GTest::gtest_main)
        target_compile_definitions(${folder}_test PRIVATE TEST_FOLDER="${PROJECT_SOURCE_DIR}/tests/${folder}") # where their data is
        if(folder STREQUAL postgres)
            add_test(NAME postgres COMMAND postgres_test) # in one process: its tests share a cluster
        else()
            gtest_discover_tests(${folder}_test TEST_PREFIX ${folder}. DISCOVERY_MODE PRE_TEST)
        endif()
    endif()
endforeach()
