/**
 * A node of the chaos test: sends what comes over a TCP line ({"n", "record"} in JSON, one a line), and answers with
 * the number when it is told that the message is done: wired to it is a Complete node.
 *
 * The clock of this Node-RED is off by CHAOS_CLOCK ms from its start, and is set to others as {"clock"} says.
 */
const { createServer } = require('node:net');

const realTime = Date.now;
let off = Number(process.env.CHAOS_CLOCK ?? 0);
Date.now = () => realTime() + off;

module.exports = (RED) => {
  RED.nodes.registerType('chaos-source', function (config) {
    RED.nodes.createNode(this, config);
    let line;
    const server = createServer((socket) => {
      line = socket;
      let rest = '';
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop();
        for (const text of lines) {
          const { n, record, clock } = JSON.parse(text);
          if (clock !== undefined) off = clock;
          else this.send({ n, payload: record, topic: record.meter });
        }
      });
    });
    server.listen(config.port, '127.0.0.1');
    this.on('input', (msg, _send, done) => {
      line?.write(`${msg.n}\n`);
      done();
    });
    this.on('close', (done) => {
      line?.destroy();
      server.close(done);
    });
  });
};
