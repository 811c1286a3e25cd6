# Puts the SQL and the version into pgredis_operations: generated sources, renewed when their inputs change.

set(generated ${CMAKE_BINARY_DIR}/generated)
file(GLOB migrations CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/migrations/*.sql)
file(GLOB internal CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sql/internal/*.sql)
file(GLOB families CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sql/*.sql)

# The names stand in the command so that it also runs again when a file is gone.
string(SHA256 names "${migrations};${internal};${families}")
add_custom_command(
    OUTPUT ${generated}/embedded_sql.cpp
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DOUTPUT=${generated}/embedded_sql.cpp -DNAMES=${names}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_sql.cmake
    DEPENDS ${migrations} ${internal} ${families} ${PROJECT_SOURCE_DIR}/cmake/embed_sql.cmake
    COMMENT "Embedding the SQL")

# Git is asked at every build; the file changes only when the answer does.
add_custom_target(
    version
    BYPRODUCTS ${generated}/version.cpp
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${PROJECT_SOURCE_DIR} -DOUTPUT=${generated}/version.cpp -DVERSION=${PROJECT_VERSION}
            -P ${PROJECT_SOURCE_DIR}/cmake/version.cmake
    COMMENT "")

get_target_property(type pgredis_operations TYPE)
if(NOT type STREQUAL INTERFACE_LIBRARY)
    target_sources(pgredis_operations PRIVATE ${generated}/embedded_sql.cpp ${generated}/version.cpp)
    add_dependencies(pgredis_operations version)
endif()
