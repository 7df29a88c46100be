// Answers CloudFormation for a custom resource; the same interface as AWS's module of this name.
exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, status, data, physicalId, noEcho) {
  const body = JSON.stringify({
    Status: status,
    Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: data,
  });
  const url = new URL(event.ResponseURL);
  const http = require(url.protocol === "https:" ? "https" : "http");
  const headers = { "content-type": "", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve) => {
    const request = http.request(url, { method: "PUT", headers }, (response) => {
      response.resume();
      response.on("end", () => { if (context.done) context.done(); resolve(); });
    });
    request.on("error", (error) => { console.log("send(..) failed: " + error); resolve(); });
    request.end(body);
  });
};
