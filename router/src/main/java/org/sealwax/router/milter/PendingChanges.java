package org.sealwax.router.milter;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The changes that one filter requests, until its last word: if it fails before, nothing of it
 * counts. Owned by one thread.
 */
final class PendingChanges implements MilterConnection.ChangeListener, Closeable {
  private final MilterTransaction.FilteredMessage message;
  private final boolean ours;
  private final List<HeaderEdit> edits = new ArrayList<>();
  private final Set<String> ignored = new TreeSet<>();
  private long bytes;
  private boolean eightBit;
  private @Nullable MilterContent body;
  private @Nullable String quarantine;

  PendingChanges(MilterTransaction.FilteredMessage message, boolean ours) {
    this.message = message;
    this.ours = ours;
  }

  @Override
  public void changed(MilterAnswer change) throws IOException, MilterException {
    switch (change) {
      case MilterAnswer.EditHeader(HeaderEdit edit) -> {
        if (edits.size() >= MessageEdits.MAX_ADDED) {
          throw new MilterException("more than " + MessageEdits.MAX_ADDED + " changes");
        }
        edits.add(edit);
      }
      case MilterAnswer.ReplaceBody(byte[] part) -> {
        if (ours) {
          bytes += part.length;
          eightBit |= MessageEdits.hasEightBit(part);
          if (bytes > message.maxBytes()) {
            throw new MilterException("new body larger than the maximum message size");
          }
          newBody().write().write(part);
        } else {
          ignored.add("a change to the body of another sender's message");
        }
      }
      case MilterAnswer.Quarantine(String reason) -> quarantine = reason;
      case MilterAnswer.NotSupported(String what) -> ignored.add(what);
      case MilterAnswer.Continue _,
          MilterAnswer.Accept _,
          MilterAnswer.Refuse _,
          MilterAnswer.Discard _,
          MilterAnswer.Skip _,
          MilterAnswer.Progress _ ->
          throw new IllegalArgumentException("no change: " + change);
    }
  }

  private MilterContent newBody() throws IOException {
    MilterContent begun = body;
    if (begun == null) {
      begun = message.newContent();
      body = begun;
    }
    return begun;
  }

  List<HeaderEdit> edits() {
    return edits;
  }

  Set<String> ignored() {
    return ignored;
  }

  @Nullable String quarantine() {
    return quarantine;
  }

  boolean isEightBit() {
    return eightBit;
  }

  /** The new body, which the caller closes; or null. */
  @Nullable MilterContent takeBody() {
    MilterContent taken = body;
    body = null;
    return taken;
  }

  @Override
  public void close() throws IOException {
    if (body != null) {
      body.close();
    }
  }
}
