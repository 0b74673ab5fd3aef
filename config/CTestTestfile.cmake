# CMake generated Testfile for 
# Source directory: /work/main/config
# Build directory: /tmp/b-lead/config
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
