import { describe, expect, it } from "vitest";

import { Signal } from "../../../src/proto.js";
import {
  chooseStopSignal,
  describeStopSignal,
  signalNumber,
} from "../../../src/runtime/container/stop-signal.js";

describe("`chooseStopSignal`", () => {
  it.each([
    [Signal.RUNTIME_DEFAULT, undefined, "SIGTERM"],
    [Signal.RUNTIME_DEFAULT, "SIGQUIT", "SIGQUIT"],
    [Signal.RUNTIME_DEFAULT, "quit", "SIGQUIT"],
    [Signal.RUNTIME_DEFAULT, "3", "SIGQUIT"],
    [Signal.RUNTIME_DEFAULT, "SIGNONSENSE", "SIGTERM"],
    [Signal.RUNTIME_DEFAULT, "SIGRTMIN+3", "37"],
    [Signal.RUNTIME_DEFAULT, "RTMAX-1", "63"],
    [Signal.SIGHUP, "SIGQUIT", "SIGHUP"],
    [Signal.SIGRTMIN, undefined, "34"],
    [Signal.SIGRTMINPLUS15, undefined, "49"],
    [Signal.SIGRTMAXMINUS14, undefined, "50"],
    [Signal.SIGRTMAX, undefined, "64"],
  ])("of request %s and image %s is %s", (asked, ofImage, expected) => {
    expect(chooseStopSignal(asked, ofImage)).toBe(expected);
  });

  it("refuses a number that is no signal", () => {
    expect(() => chooseStopSignal(200 as Signal, undefined)).toThrow("config.stop_signal is 200");
  });
});

describe("`describeStopSignal`", () => {
  it("gives back every signal of the contract", () => {
    const signals = Object.values(Signal).filter((value) => typeof value === "number");
    const wrong = signals.filter(
      (signal) => describeStopSignal(chooseStopSignal(signal, undefined)) !== signal,
    );
    // The default is told as what it stands for.
    expect(wrong).toEqual([Signal.RUNTIME_DEFAULT]);
    expect(describeStopSignal("SIGTERM")).toBe(Signal.SIGTERM);
  });
});

describe("`signalNumber`", () => {
  it("knows every signal of the contract", () => {
    const signals = Object.values(Signal).filter((value) => typeof value === "number");
    const sent = signals.map((signal) => Number(signalNumber(chooseStopSignal(signal, undefined))));
    expect(sent.every((number) => number >= 1 && number <= 64)).toBe(true);
    expect(signalNumber("SIGKILL")).toBe("9");
  });
});
