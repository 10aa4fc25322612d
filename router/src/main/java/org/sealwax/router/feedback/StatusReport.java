package org.sealwax.router.feedback;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.message.HeaderField;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.HeaderSection.HeaderFlaw;
import org.sealwax.mail.message.MessageSplitter;
import org.sealwax.mail.smtp.MailboxParser;
import org.sealwax.router.reports.inbox.MimeParts;

/**
 * The two parts of a multipart/report (RFC 6522) that programs read: groups of fields, and the
 * header of the message that the report is about.
 *
 * @param groups fields of each group, in order; at least one
 * @param aliases addresses in the Delivered-To fields of that message, the topmost first: one of
 *     them was written by this server if it forwarded the message
 */
record StatusReport(List<HeaderSection> groups, List<Mailbox> aliases) {
  /** Bytes of either part that are read. */
  static final int MAX_PART = 64 * 1024;

  /** Groups of fields, with empty ones: recipients of one message that one host bounces. */
  static final int MAX_GROUPS = 101;

  /** Delivered-To fields that are read: each forwarder on the way wrote one. */
  static final int MAX_ALIASES = 10;

  StatusReport {
    groups = List.copyOf(groups);
    aliases = List.copyOf(aliases);
  }

  /**
   * Reads a message.
   *
   * @param message what follows the end of it, or of the report's parts, is not needed
   * @param types of the part with the groups, in lower case
   */
  static ReportParse<StatusReport> in(InputStream message, List<String> types) {
    PartContents found = new PartContents(types);
    Optional<String> flaw = MimeParts.each(message, found);
    byte[] fields = found.fields;
    if (fields == null) {
      return new ReportParse.Unreadable<>(flaw.orElse("no part of type " + types.getFirst()));
    }
    if (fields.length > MAX_PART) {
      return new ReportParse.Unreadable<>("a report of more than " + MAX_PART + " bytes");
    }
    List<HeaderSection> groups = groups(fields);
    byte[] header = found.header;
    return groups.isEmpty()
        ? new ReportParse.Unreadable<>("malformed fields")
        : new ReportParse.Report<>(
            new StatusReport(groups, header == null ? List.of() : deliveredTo(header)));
  }

  /** Takes the two parts, and ends the reading after them. */
  private static final class PartContents implements MimeParts.PartReader {
    private final List<String> types;
    private byte @Nullable [] fields;
    private byte @Nullable [] header;

    PartContents(List<String> types) {
      this.types = types;
    }

    @Override
    public boolean read(MimeParts.MimePart part) throws IOException {
      if (fields == null && types.contains(part.type())) {
        fields = part.content(MAX_PART + 1);
        return true;
      }
      boolean returned =
          switch (part.type()) {
            case "message/rfc822",
                "text/rfc822-headers",
                "message/global",
                "message/global-headers" ->
                true;
            default -> false;
          };
      if (fields != null && returned) {
        header = part.content(MAX_PART);
        return false;
      }
      return true;
    }
  }

  /** Groups that are separated by empty lines (RFC 3464 section 2.1); none where one is broken. */
  static List<HeaderSection> groups(byte[] content) {
    List<HeaderSection> groups = new ArrayList<>();
    byte[] rest = content;
    for (int i = 0; rest.length > 0; i++) {
      SplitContent split = SplitContent.of(rest);
      HeaderFlaw flaw = split.section.flaw();
      if (i == MAX_GROUPS || flaw == HeaderFlaw.MALFORMED || flaw == HeaderFlaw.TOO_LARGE) {
        return List.of();
      }
      if (!split.section.fields().isEmpty()) {
        groups.add(split.section);
      }
      rest = split.rest.toByteArray();
    }
    return groups;
  }

  private static List<Mailbox> deliveredTo(byte[] message) {
    List<Mailbox> found = new ArrayList<>();
    for (HeaderField field : SplitContent.of(message).section.named("Delivered-To")) {
      if (found.size() < MAX_ALIASES) {
        mailbox(field.text()).ifPresent(found::add);
      }
    }
    return found;
  }

  /** The first group of fields, and what follows its empty line. */
  private static final class SplitContent implements MessageSplitter.MessageParts {
    private HeaderSection section = new HeaderSection(List.of(), HeaderFlaw.MALFORMED);
    private final ByteArrayOutputStream rest = new ByteArrayOutputStream();

    static SplitContent of(byte[] content) {
      SplitContent split = new SplitContent();
      try (MessageSplitter splitter = new MessageSplitter(split)) {
        splitter.write(content);
      } catch (IOException e) {
        throw new IllegalStateException("nothing is written", e);
      }
      return split;
    }

    @Override
    public void header(HeaderSection found) {
      section = found;
    }

    @Override
    public void body(byte[] block, int offset, int length) {
      rest.write(block, offset, length);
    }
  }

  /** The one field of a name in a group, without its comment; empty where there are several. */
  static Optional<String> field(HeaderSection group, String name) {
    List<HeaderField> fields = group.named(name);
    return fields.size() == 1 ? Optional.of(fields.getFirst().text()) : Optional.empty();
  }

  /** The value of a field with a type in front of it ({@code rfc822; user@example.org}). */
  static Optional<String> typed(HeaderSection group, String name) {
    return field(group, name)
        .filter(text -> text.indexOf(';') >= 0)
        .map(text -> text.substring(text.indexOf(';') + 1).strip());
  }

  /** An address, in angle brackets or without. */
  static Optional<Mailbox> mailbox(String text) {
    boolean angles = text.length() > 1 && text.startsWith("<") && text.endsWith(">");
    return MailboxParser.parse(angles ? text.substring(1, text.length() - 1) : text);
  }
}
