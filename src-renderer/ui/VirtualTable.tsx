// biome-ignore-all lint/a11y/useSemanticElements: rows of a virtual grid are placed one by one, which a table cannot do
// biome-ignore-all lint/a11y/useFocusableInteractive: the focus is on rows; header cells hold buttons where they sort
// biome-ignore-all lint/a11y/useAriaPropsSupportedByRole: the role is chosen per column, and both that are possible support it
import { VisuallyHidden } from '@mantine/core';
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  useEffect,
  useRef,
  useState,
} from 'react';
import { copyText } from './copy-text.ts';
import { useRowHeight } from './density.tsx';
import { SortAscendingIcon, SortDescendingIcon } from './icons.tsx';
import classes from './VirtualTable.module.css';

export type Column<Row> = {
  id: string;
  header: string;
  /** Least width in CSS pixels, and the exact one where the column does not grow. */
  width: number;
  /** Share of the space that is left over. */
  grow?: number;
  /** Numbers stand at the end. */
  align?: 'start' | 'end';
  sortable?: boolean;
  /** Hidden while the table is narrower than this many CSS pixels. */
  hideBelow?: number;
  /** The cell names its row for screen readers. */
  isRowHeader?: boolean;
  cell: (row: Row) => ReactNode;
  /** The cell as plain text, for copied rows; a column without it is left out of them. */
  text?: (row: Row) => string;
};

export type TableSort<ColumnId extends string = string> = { column: ColumnId; descending: boolean };

type VirtualTableProps<Row> = {
  /** Names the grid for screen readers. */
  label: string;
  columns: ReadonlyArray<Column<Row>>;
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Names one row, for its checkbox. */
  rowLabel: (row: Row) => string;
  /** Rows of the whole list where known; without it the grid says that it does not know. */
  rowCount?: number | undefined;
  sort?: TableSort | undefined;
  onSortChange?: (sort: TableSort) => void;
  /** Enter, or a click on the row. */
  onOpen?: (row: Row) => void;
  selection?: { keys: ReadonlySet<string>; onChange: (keys: ReadonlySet<string>) => void };
  /** Asks for the next page; called once for each length of `rows`. */
  onEndReached?: () => void;
  isLoadingMore?: boolean;
  /** The rows shown are being replaced by others (another filter or sort). */
  isBusy?: boolean;
  /** In the place of rows where there are none: EmptyState, ErrorState or LoadingRows. */
  placeholder?: ReactNode;
  /** Small buttons at the end of a row, seen on hover and on the row in focus. Give them tabIndex -1 on others. */
  rowActions?: (row: Row, context: { isActive: boolean }) => ReactNode;
  /** Width of the row actions in CSS pixels. */
  rowActionsWidth?: number;
  /** `marked`: belongs to what is chosen elsewhere; `muted`: does not count at present; `current`: shown in a drawer. */
  rowState?: (row: Row) => 'marked' | 'muted' | 'current' | undefined;
};

const SELECTION_WIDTH_PX = 36;
const END_REACHED_ROWS = 12;
const HEADER_HEIGHT_PX = 34;

/**
 * A grid for lists of any length: only what is in sight is in the document. One row is in the tab order; ↑ ↓ Home End
 * PageUp PageDown move, Enter opens, Space selects, Shift+↑↓ extends, Ctrl/Cmd+C copies as tab-separated text.
 * It fills the height of its flex parent.
 */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { rows, rowKey, selection, onEndReached } = props;
  const rowHeight = useRowHeight();
  const scrollRef = useRef<HTMLDivElement>(null);
  const size = useElementSize<HTMLDivElement>();
  const setScrollElement = useMergedRef(scrollRef, size.ref);
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const focusWanted = useRef(false);

  const found = activeKey === null ? -1 : rows.findIndex((row) => rowKey(row) === activeKey);
  const activeIndex = found < 0 ? 0 : found;

  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scrollRef.current,
    estimateSize: () => rowHeight,
    overscan: 10,
    scrollPaddingStart: HEADER_HEIGHT_PX,
    // The row in the tab order stays in the document wherever the list has been scrolled to.
    rangeExtractor: ({ startIndex, endIndex, overscan, count }) => {
      const first = Math.max(0, startIndex - overscan);
      const last = Math.min(count - 1, endIndex + overscan);
      const indexes = Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
      if (activeIndex < first && count > 0) return [activeIndex, ...indexes];
      if (activeIndex > last && activeIndex < count) return [...indexes, activeIndex];
      return indexes;
    },
  });
  const items = virtualizer.getVirtualItems();

  // A change of density changes every row at once.
  useEffect(() => {
    virtualizer.options.estimateSize = () => rowHeight;
    virtualizer.measure();
  }, [rowHeight, virtualizer]);

  const lastInSight = virtualizer.range?.endIndex ?? 0;
  const askedAtLength = useRef(-1);
  useEffect(() => {
    if (onEndReached === undefined || rows.length === 0) return;
    if (lastInSight < rows.length - END_REACHED_ROWS) return;
    if (askedAtLength.current === rows.length) return;
    askedAtLength.current = rows.length;
    onEndReached();
  }, [lastInSight, rows.length, onEndReached]);

  useEffect(() => {
    if (!focusWanted.current) return;
    const element = scrollRef.current?.querySelector<HTMLElement>(`[data-row="${activeIndex}"]`);
    if (element === null || element === undefined) return;
    focusWanted.current = false;
    element.focus({ preventScroll: true });
  });

  const columns = props.columns.filter(
    (column) =>
      column.hideBelow === undefined || size.width === 0 || size.width >= column.hideBelow,
  );
  const actionsWidth = props.rowActions === undefined ? 0 : (props.rowActionsWidth ?? 40);
  const tracks = [
    ...(selection === undefined ? [] : [`${SELECTION_WIDTH_PX}px`]),
    ...columns.map(({ width, grow }) =>
      grow === undefined ? `${width}px` : `minmax(${width}px, ${grow}fr)`,
    ),
    ...(actionsWidth === 0 ? [] : [`${actionsWidth}px`]),
  ];
  const layout = {
    gridTemplateColumns: tracks.join(' '),
    minWidth:
      columns.reduce((sum, column) => sum + column.width, 0) +
      actionsWidth +
      (selection === undefined ? 0 : SELECTION_WIDTH_PX),
  };

  function moveTo(index: number, options: { extend: boolean }) {
    const target = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[target];
    if (row === undefined) return;
    if (options.extend && selection !== undefined) {
      const from = rows[activeIndex];
      const keys = new Set(selection.keys);
      if (from !== undefined) keys.add(rowKey(from));
      keys.add(rowKey(row));
      selection.onChange(keys);
    }
    setActiveKey(rowKey(row));
    focusWanted.current = true;
    virtualizer.scrollToIndex(target, { align: 'auto' });
  }

  function toggle(row: Row) {
    if (selection === undefined) return;
    const keys = new Set(selection.keys);
    if (!keys.delete(rowKey(row))) keys.add(rowKey(row));
    selection.onChange(keys);
  }

  function copyRows(row: Row) {
    const chosen = rows.filter((each) => selection?.keys.has(rowKey(each)));
    const copied = chosen.length > 0 ? chosen : [row];
    const textColumns = props.columns.filter((column) => column.text !== undefined);
    const lines = [
      textColumns.map((column) => column.header),
      ...copied.map((each) => textColumns.map((column) => column.text?.(each) ?? '')),
    ].map((cells) => cells.map((cell) => cell.replaceAll(/[\t\r\n]+/g, ' ')).join('\t'));
    void copyText(lines.join('\n'), copied.length === 1 ? 'Row' : `${copied.length} rows`);
  }

  function onRowKeyDown(event: KeyboardEvent<HTMLDivElement>, row: Row) {
    // Keys of a button inside the row are that button's.
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor((size.height - HEADER_HEIGHT_PX) / rowHeight) - 1);
    const extend = event.shiftKey;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const moves: Record<string, number> = {
      ArrowDown: activeIndex + 1,
      ArrowUp: activeIndex - 1,
      PageDown: activeIndex + page,
      PageUp: activeIndex - page,
      Home: 0,
      End: rows.length - 1,
    };
    const target = moves[event.key];
    if (target !== undefined && isPlain) {
      event.preventDefault();
      moveTo(target, { extend });
    } else if (event.key === 'Enter' && isPlain && props.onOpen !== undefined) {
      event.preventDefault();
      props.onOpen(row);
    } else if (event.key === ' ' && isPlain && selection !== undefined) {
      event.preventDefault();
      toggle(row);
    } else if (event.key === 'Escape' && selection !== undefined && selection.keys.size > 0) {
      event.preventDefault();
      selection.onChange(new Set());
    } else if (
      event.key.toLowerCase() === 'c' &&
      (event.ctrlKey || event.metaKey) &&
      window.getSelection()?.isCollapsed !== false
    ) {
      event.preventDefault();
      copyRows(row);
    }
  }

  function onRowClick(event: MouseEvent<HTMLDivElement>, row: Row) {
    setActiveKey(rowKey(row));
    const target = event.target as HTMLElement;
    if (target.closest('button, a, input, label') !== null) return;
    // Marking text with the mouse ends in a click as well.
    if (window.getSelection()?.isCollapsed === false) return;
    if (event.ctrlKey || event.metaKey) toggle(row);
    else props.onOpen?.(row);
  }

  const firstColumn = selection === undefined ? 1 : 2;
  return (
    <div
      ref={setScrollElement}
      className={classes.scroll}
      role="grid"
      aria-label={props.label}
      aria-rowcount={props.rowCount === undefined ? -1 : props.rowCount + 1}
      aria-colcount={tracks.length}
      aria-busy={props.isBusy || props.isLoadingMore || false}
      aria-multiselectable={selection === undefined ? undefined : true}
      data-busy={props.isBusy || undefined}
    >
      <div role="rowgroup" className={classes.head} style={{ minWidth: layout.minWidth }}>
        <div role="row" aria-rowindex={1} className={classes.headRow} style={layout}>
          {selection !== undefined && (
            <div role="columnheader" aria-colindex={1} className={classes.headCell}>
              <VisuallyHidden>Selected</VisuallyHidden>
            </div>
          )}
          {columns.map((column, index) => (
            <HeaderCell
              key={column.id}
              column={column}
              columnIndex={index + firstColumn}
              sort={props.sort}
              onSortChange={props.onSortChange}
            />
          ))}
          {actionsWidth > 0 && (
            <div role="columnheader" aria-colindex={tracks.length} className={classes.headCell}>
              <VisuallyHidden>Actions</VisuallyHidden>
            </div>
          )}
        </div>
      </div>
      {rows.length > 0 && (
        <div
          role="rowgroup"
          className={classes.body}
          style={{ height: virtualizer.getTotalSize(), minWidth: layout.minWidth }}
        >
          {items.map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            const key = rowKey(row);
            const isActive = item.index === activeIndex;
            const isSelected = selection?.keys.has(key) ?? false;
            return (
              <div
                key={key}
                role="row"
                className={classes.row}
                data-row={item.index}
                data-state={props.rowState?.(row)}
                data-openable={props.onOpen !== undefined || undefined}
                aria-rowindex={item.index + 2}
                aria-selected={selection === undefined ? undefined : isSelected}
                tabIndex={isActive ? 0 : -1}
                style={{ ...layout, height: rowHeight, transform: `translateY(${item.start}px)` }}
                onKeyDown={(event) => onRowKeyDown(event, row)}
                onClick={(event) => onRowClick(event, row)}
                onFocus={() => setActiveKey(key)}
              >
                {selection !== undefined && (
                  <div role="gridcell" aria-colindex={1} className={classes.cell}>
                    <label className={classes.selector}>
                      <input
                        type="checkbox"
                        tabIndex={-1}
                        checked={isSelected}
                        aria-label={`Select ${props.rowLabel(row)}`}
                        onChange={() => toggle(row)}
                      />
                    </label>
                  </div>
                )}
                {columns.map((column, index) => (
                  <div
                    key={column.id}
                    role={column.isRowHeader ? 'rowheader' : 'gridcell'}
                    aria-colindex={index + firstColumn}
                    className={classes.cell}
                    data-align={column.align}
                  >
                    {column.cell(row)}
                  </div>
                ))}
                {props.rowActions !== undefined && (
                  <div
                    role="gridcell"
                    aria-colindex={tracks.length}
                    className={classes.cell}
                    data-actions
                  >
                    {props.rowActions(row, { isActive })}
                  </div>
                )}
              </div>
            );
          })}
        </div>
      )}
      {rows.length === 0 && props.placeholder !== undefined && (
        <div role="rowgroup" className={classes.placeholder}>
          <div role="row">
            <div role="gridcell" aria-colspan={tracks.length}>
              {props.placeholder}
            </div>
          </div>
        </div>
      )}
      {props.isLoadingMore && <div className={classes.more}>Loading more…</div>}
    </div>
  );
}

function HeaderCell<Row>(props: {
  column: Column<Row>;
  columnIndex: number;
  sort: TableSort | undefined;
  onSortChange: ((sort: TableSort) => void) | undefined;
}) {
  const { column, sort, onSortChange } = props;
  const isSorted = sort?.column === column.id;
  const canSort = column.sortable === true && onSortChange !== undefined;
  return (
    <div
      role="columnheader"
      aria-colindex={props.columnIndex}
      aria-sort={
        canSort ? (isSorted ? (sort.descending ? 'descending' : 'ascending') : 'none') : undefined
      }
      className={classes.headCell}
      data-align={column.align}
    >
      {canSort ? (
        <button
          type="button"
          className={classes.sortButton}
          data-sorted={isSorted || undefined}
          onClick={() =>
            onSortChange({
              column: column.id,
              // Numbers and times are asked for largest and newest first; names from A.
              descending: isSorted ? !sort.descending : column.align === 'end',
            })
          }
        >
          <span>{column.header}</span>
          <span className={classes.sortIcon}>
            {isSorted && !sort.descending ? (
              <SortAscendingIcon size={12} />
            ) : (
              <SortDescendingIcon size={12} />
            )}
          </span>
        </button>
      ) : (
        column.header
      )}
    </div>
  );
}
