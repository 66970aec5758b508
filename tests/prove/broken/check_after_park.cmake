# The server with one fault of the kind that is hard to see: a poll parks first and compares when it is woken. The source is the
# product's, changed here in two places, so that the product needs no switch for it. tests/prove/catches expects prove to see that.
set(poll ${CMAKE_SOURCE_DIR}/fcgi_app/routes/poll.cpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${poll})
file(READ ${poll} right)
string(REPLACE "news found = look(older);"
               "if (!std::exchange(parked_once_, true)) {\n            return next::park;\n        }\n        news found = look(older);"
               half "${right}")
string(REPLACE "steady_time deadline_;\n};" "steady_time deadline_;\n    bool parked_once_ = false;\n};" wrong "${half}")
if(half STREQUAL right OR wrong STREQUAL half)
  message(FATAL_ERROR "${poll} has changed: adapt tests/prove/broken/check_after_park.cmake to it")
endif()
file(CONFIGURE OUTPUT check_after_park/poll.cpp CONTENT "@wrong@" @ONLY)
# poll.cpp comes before the library that has the right one.
add_executable(pollster_check_after_park ${CMAKE_SOURCE_DIR}/fcgi_app/main.cpp
                                         ${CMAKE_CURRENT_BINARY_DIR}/check_after_park/poll.cpp)
target_link_libraries(pollster_check_after_park PRIVATE cli)
