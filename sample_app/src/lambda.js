// What Lambda calls: an event of API Gateway in, the application's answer out.
"use strict";

const serverless = require("serverless-http");
const { app } = require("./app");

module.exports.handler = serverless(app);
