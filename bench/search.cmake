# The programs of bench/search: one for each index that is compared. FAISS is left out where there is none.
set(FAISS_ROOT "" CACHE PATH "An installation of FAISS to measure beside Debian's")

# search_index(NAME SOURCE): a program with one index.
function(search_index name source)
  add_executable(${name} ${source} search_index.cc search_data.cc)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  add_dependencies(bench_search ${name})
endfunction()

add_custom_target(bench_search)  # all of them
add_executable(bench_search_data search_data_main.cc search_data.cc search_points.cc search_truth.cc)
target_link_libraries(bench_search_data PRIVATE Threads::Threads)
set_target_properties(bench_search_data PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_compile_options(bench_search_data PRIVATE -O3)
add_dependencies(bench_search bench_search_data)

search_index(bench_search_larder search_larder_main.cc)
target_link_libraries(bench_search_larder PRIVATE larder_vector)

# hnswlib picks its kernels by macro: the only programs that run on some CPUs alone.
search_index(bench_search_hnswlib_avx512 search_hnswlib_main.cc)
search_index(bench_search_hnswlib_avx2 search_hnswlib_main.cc)
target_compile_options(bench_search_hnswlib_avx512 PRIVATE -mavx512f -mavx512bw -mavx512dq -mavx512vl)
foreach(name bench_search_hnswlib_avx512 bench_search_hnswlib_avx2)
  target_include_directories(${name} SYSTEM PRIVATE ${HNSWLIB_INCLUDE_DIR})
  target_compile_options(${name} PRIVATE -O3 -mavx2 -mfma -fno-strict-aliasing)
  target_link_libraries(${name} PRIVATE Threads::Threads)
endforeach()

find_package(OpenMP COMPONENTS CXX)
if(OpenMP_CXX_FOUND)
  find_package(faiss CONFIG QUIET)
  if(faiss_FOUND)
    search_index(bench_search_faiss search_faiss_main.cc)
    target_link_libraries(bench_search_faiss PRIVATE faiss OpenMP::OpenMP_CXX)
  endif()
  if(FAISS_ROOT)
    # By name, because Debian's package has the target "faiss" already.
    find_library(FAISS_ROOT_LIBRARY NAMES faiss_avx512 faiss_avx2 faiss PATHS ${FAISS_ROOT}/lib NO_DEFAULT_PATH REQUIRED)
    find_package(BLAS REQUIRED)
    search_index(bench_search_faiss_root search_faiss_main.cc)
    target_include_directories(bench_search_faiss_root BEFORE PRIVATE ${FAISS_ROOT}/include)
    target_link_libraries(bench_search_faiss_root PRIVATE ${FAISS_ROOT_LIBRARY} BLAS::BLAS OpenMP::OpenMP_CXX)
  endif()
endif()

# What Larder's index does beside plain searches.
add_executable(bench_search_life search_life_main.cc search_data.cc)
set_target_properties(bench_search_life PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_link_libraries(bench_search_life PRIVATE larder_vector Threads::Threads)
add_dependencies(bench_search bench_search_life)
