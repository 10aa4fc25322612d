package org.sealwax.dns.live;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.xbill.DNS.Master;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/** Trust anchors, checked, in master file form. */
record Anchors(String text) {
  /** The keys of the root that this release carries. */
  static Anchors root() {
    try (InputStream in = Anchors.class.getResourceAsStream("root-anchors.txt")) {
      if (in == null) {
        throw new IllegalStateException("this build has no root anchors");
      }
      return new Anchors(new String(in.readAllBytes(), StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new IllegalStateException("cannot read the root anchors", e);
    }
  }

  /**
   * @throws IllegalArgumentException when a line is anything but one DS or DNSKEY record
   */
  static Anchors of(List<String> lines) {
    for (String line : lines) {
      check(line);
    }
    return new Anchors(String.join("\n", lines) + "\n");
  }

  private static void check(String line) {
    try (Master master = new Master(stream(line), Name.root, 0)) {
      master.disableIncludes(true);
      Record record = master.nextRecord();
      if (record == null
          || (record.getType() != Type.DS && record.getType() != Type.DNSKEY)
          || master.nextRecord() != null) {
        throw new IllegalArgumentException("not one DS or DNSKEY record: " + line);
      }
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "not a DS or DNSKEY record: " + line + ": " + e.getMessage(), e);
    }
  }

  InputStream stream() {
    return stream(text);
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
  }
}
