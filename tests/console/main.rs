//! The console in a real browser: Chromium without a window, driven over two pipes. It tests what no parser of HTML
//! can: clicks, keys, languages, colours, and what a page of somebody else may do to the console.
//!
//! Without Chromium nothing here runs, and stderr says so.

// Pipes as file descriptors 3 and 4, and process groups.
#![cfg(unix)]

mod browser;
mod gateway;
mod input;
mod page;
mod shop;
mod site;
mod stranger;
mod wire;

mod attacks;
mod console;
mod counter;
mod driver;
mod outside;
mod picture;
