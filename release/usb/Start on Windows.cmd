@echo off
rem Opens the page of netready. The results go to the folder "results" beside this file.
rem An invite in netready-invite.txt beside this file is used without asking.
setlocal
set "here=%~dp0"
set "processor=amd64"
if /i "%PROCESSOR_ARCHITECTURE%"=="ARM64" set "processor=arm64"
if exist "%here%netready-invite.txt" (
  "%here%programs\netready-windows-%processor%.exe" ui "@%here%netready-invite.txt" --out "%here%results"
) else (
  "%here%programs\netready-windows-%processor%.exe" ui --out "%here%results"
)
if errorlevel 1 pause
