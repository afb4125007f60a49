@echo off
rem Puts all results of the folder "results" into one workbook, all-results.xlsx.
setlocal
set "here=%~dp0"
set "processor=amd64"
if /i "%PROCESSOR_ARCHITECTURE%"=="ARM64" set "processor=arm64"
"%here%programs\netready-windows-%processor%.exe" merge "%here%results" -o "%here%all-results.xlsx"
pause
