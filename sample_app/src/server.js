// The same application on your own machine: npm start, then open the address it prints.
"use strict";

const { app } = require("./app");

const port = Number(process.env.PORT || 3000);

app.listen(port, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${port}`);
});
