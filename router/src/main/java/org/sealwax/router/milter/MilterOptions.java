package org.sealwax.router.milter;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.sealwax.router.milter.MilterChannel.MilterPacket;

/**
 * What was negotiated with a filter (SMFIC_OPTNEG).
 *
 * @param version of the protocol, 2 to 6
 * @param protocol flags
 * @param macros by stage, where the filter named its own
 */
record MilterOptions(int version, int protocol, Map<MilterStage, List<String>> macros) {
  static final char COMMAND = 'O';

  private static final int VERSION = 6;
  private static final int LEAST_VERSION = 2;
  private static final int DATA_VERSION = 4;
  private static final int UNKNOWN_VERSION = 3;

  /** All actions: filters end when one that they might use is missing. */
  private static final int ACTIONS = 0x1ff;

  private static final int SKIP = 0x400;
  private static final int LEADING_SPACE = 0x100000;
  private static final int DATA_256K = 0x10000000;
  private static final int DATA_1M = 0x20000000;
  private static final int OFFERED =
      MilterStage.flags() | SKIP | LEADING_SPACE | DATA_256K | DATA_1M;

  private static final int BYTES = 12;

  /** Macros that one filter may name. */
  private static final int MAX_MACROS = 256;

  /** Copies. */
  MilterOptions {
    macros = Map.copyOf(macros);
  }

  /** Our offer. */
  static byte[] offer() {
    return ByteBuffer.allocate(BYTES).putInt(VERSION).putInt(ACTIONS).putInt(OFFERED).array();
  }

  /** Reads the answer to our offer. */
  static MilterOptions of(MilterPacket packet) throws MilterException {
    ByteBuffer data = packet.data().duplicate();
    if (packet.command() != COMMAND || data.remaining() < BYTES) {
      throw new MilterException("invalid answer to the negotiation of options");
    }
    int version = data.getInt();
    int actions = data.getInt();
    int protocol = data.getInt();
    if (version < LEAST_VERSION || version > VERSION) {
      throw new MilterException("unsupported protocol version: " + version);
    }
    if ((actions & ~ACTIONS) != 0 || (protocol & ~OFFERED) != 0) {
      throw new MilterException("options that were not offered");
    }
    Map<MilterStage, List<String>> macros = new EnumMap<>(MilterStage.class);
    int named = 0;
    while (data.hasRemaining()) {
      if (data.remaining() <= Integer.BYTES) {
        throw new MilterException("truncated request for macros");
      }
      int stage = data.getInt();
      List<String> names =
          List.of(MilterText.next(data).replace("{", "").replace("}", "").trim().split("[ ,]+"));
      named += names.size();
      if (named > MAX_MACROS) {
        throw new MilterException("request for more than " + MAX_MACROS + " macros");
      }
      MilterStage.requested(stage).forEach(s -> macros.put(s, names));
    }
    return new MilterOptions(version, protocol, macros);
  }

  /** Whether the filter declines the command. */
  boolean omits(MilterStage stage) {
    return (protocol & stage.omitted) != 0
        || stage == MilterStage.DATA && version < DATA_VERSION
        || stage == MilterStage.UNKNOWN && version < UNKNOWN_VERSION;
  }

  /** Whether the filter does not answer the command. */
  boolean isSilent(MilterStage stage) {
    return (protocol & stage.silent) != 0;
  }

  /** Whether the filter may skip the rest of a body. */
  boolean maySkip() {
    return (protocol & SKIP) != 0;
  }

  /** Whether values of fields are sent and taken with the space after the colon. */
  boolean keepsLeadingSpace() {
    return (protocol & LEADING_SPACE) != 0;
  }

  /** Bytes of data in a packet to the filter. */
  int maxData() {
    return (protocol & DATA_1M) != 0
        ? (1 << 20) - 1
        : (protocol & DATA_256K) != 0 ? (256 << 10) - 1 : (64 << 10) - 1;
  }

  List<String> macrosFor(MilterStage stage) {
    return macros.getOrDefault(stage, stage.macros());
  }

  /** The packet's data for macros of a stage: command, then names and values; empty: none. */
  byte[] macroData(MilterStage stage, Map<String, String> known) {
    StringBuilder data = new StringBuilder();
    for (String name : macrosFor(stage)) {
      String value = known.get(name);
      if (value != null && !value.isEmpty()) {
        String written = name.length() == 1 ? name : "{" + name + "}";
        data.append(written).append('\0').append(MilterText.clean(value)).append('\0');
      }
    }
    return data.isEmpty()
        ? new byte[0]
        : (stage.command + data.toString()).getBytes(StandardCharsets.UTF_8);
  }
}
