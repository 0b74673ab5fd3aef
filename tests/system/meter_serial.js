// Meters answered by npm's modbus-serial: a second independent peer for the system tests.
//   node meter_serial.js PORT FILE      (NODE_PATH names the folder it is installed in)
// FILE as for meter_libmodbus.c. Prints "ready".
"use strict";
const fs = require("fs");
const { ServerTCP } = require("modbus-serial");

const registers = new Map(); // "unit function address" -> word
for (const line of fs.readFileSync(process.argv[3], "utf8").split("\n")) {
    const [unit, code, address, ...words] = line.trim().split(/\s+/).map(Number);
    words.forEach((word, i) => registers.set(`${unit} ${code} ${address + i}`, word));
}
const read = code => (address, unit) => registers.get(`${unit} ${code} ${address}`) || 0;

const server = new ServerTCP(
    { getHoldingRegister: read(3), getInputRegister: read(4) },
    { host: "127.0.0.1", port: Number(process.argv[2]), unitID: 0 });
server.on("initialized", () => console.log("ready"));
server.on("serverError", error => { console.error(String(error)); process.exit(69); });
