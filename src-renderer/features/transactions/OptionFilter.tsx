import { Button, Combobox, useCombobox } from '@mantine/core';
import { useState } from 'react';
import { CheckIcon, ChevronDownIcon } from '#renderer/ui/icons.tsx';
import classes from './Transactions.module.css';

type FilterOption = { value: string; label: string };

/** A button that opens a list to choose from, by pointer or by key; chosen ones carry a check. */
export function OptionFilter({
  label,
  options,
  chosen,
  onToggle,
  searchable = false,
  keepOpen = false,
  emptyText = 'Nothing to choose from',
}: {
  label: string;
  options: readonly FilterOption[];
  chosen: readonly string[];
  /** An option was chosen, or an already chosen one was chosen again. */
  onToggle: (value: string) => void;
  searchable?: boolean;
  /** Stays open after a choice, where several can be chosen. */
  keepOpen?: boolean;
  emptyText?: string;
}) {
  const [search, setSearch] = useState('');
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption();
      combobox.focusTarget();
      setSearch('');
    },
    onDropdownOpen: () => {
      if (searchable) combobox.focusSearchInput();
      else combobox.selectFirstOption();
    },
  });
  const wanted = search.trim().toLowerCase();
  const shown = options.filter((option) => option.label.toLowerCase().includes(wanted));
  return (
    <Combobox
      store={combobox}
      width={240}
      position="bottom-start"
      withinPortal
      onOptionSubmit={(value) => {
        onToggle(value);
        if (!keepOpen) combobox.closeDropdown();
      }}
    >
      <Combobox.Target withAriaAttributes={!searchable} withExpandedAttribute={!searchable}>
        <Button
          // The element that has the focus while the list is open carries the listbox: the button, or the search field.
          {...(searchable
            ? { 'aria-haspopup': 'listbox', 'aria-expanded': combobox.dropdownOpened }
            : { role: 'combobox', 'aria-label': label })}
          variant="default"
          rightSection={<ChevronDownIcon size={12} />}
          onClick={() => combobox.toggleDropdown()}
        >
          {label}
        </Button>
      </Combobox.Target>
      <Combobox.Dropdown>
        {searchable && (
          <Combobox.Search
            value={search}
            aria-label={`Find a ${label.toLowerCase()}`}
            placeholder="Find"
            onChange={(event) => {
              setSearch(event.currentTarget.value);
              combobox.updateSelectedOptionIndex();
            }}
          />
        )}
        <Combobox.Options mah={320} className={classes.options} aria-label={label}>
          {shown.length === 0 && <Combobox.Empty>{emptyText}</Combobox.Empty>}
          {shown.map((option) => {
            const active = chosen.includes(option.value);
            return (
              <Combobox.Option key={option.value} value={option.value} active={active}>
                <span className={classes.option}>
                  <span className={classes.optionCheck}>{active && <CheckIcon size={14} />}</span>
                  <span className={classes.optionLabel} title={option.label}>
                    {option.label}
                  </span>
                </span>
              </Combobox.Option>
            );
          })}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
